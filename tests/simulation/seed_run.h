#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "godwit/testing/fault.h"
#include "planted.h"

namespace godwit::simulation {

struct SeedOptions {
  bool keep_trace = false;  // else only its hash
  bool planted = false;     // through the layer that carries planted bugs
  Plant plant = Plant::kNothing;
};

// What one seed gave.
struct SeedReport {
  std::uint64_t seed = 0;
  Plant plant = Plant::kNothing;
  std::vector<std::string> problems;  // empty: all is well
  std::uint64_t trace_hash = 0;
  std::uint64_t trace_lines = 0;
  std::string trace;  // when it was kept
  testing::FaultCounts faults;
  std::map<std::string, int> statuses;  // how many calls ended with each
  std::uint64_t events = 0;
  std::size_t network_bytes_max = 0;  // in the simulated kernels' buffers
  std::size_t heap_bytes_max = 0;     // above what the heap held before the run

  // For people: the problems, how to run the seed alone, the last lines of the trace.
  std::string text() const;
};

// Several calls of all kinds through a network with faults, everything chosen by the seed; then, without faults, two
// honest calls; then the end. While it runs, a crash writes the seed to standard error before the process ends.
SeedReport run_seed(std::uint64_t seed, const SeedOptions& options = {});

}  // namespace godwit::simulation

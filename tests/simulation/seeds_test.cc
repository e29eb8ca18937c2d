// The whole stack, client and server, through many seeds of network faults in virtual time.
//
// GODWIT_SIM_SEEDS=N lowers the number of seeds; alone_test.cc runs one.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

#include "heap.h"
#include "seed_run.h"
#include "status_table.h"

namespace godwit::simulation {
namespace {

constexpr std::uint64_t kSeeds = 1000;
constexpr std::uint64_t kParts = 8;  // so that they can run beside each other
// Some seeds send 10 MB to a slow reader: what waits for it must not pile up.
constexpr std::size_t kHeapMax = 7 << 20;
constexpr std::size_t kNetworkMax = 2 << 20;
constexpr std::size_t kHeapGrowth = 1 << 20;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

// The trace of a failing seed, from a second run that keeps it.
std::string told(std::uint64_t seed) { return run_seed(seed, {.keep_trace = true}).text(); }

class SeedParts : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(SeedParts, EveryCallEndsOnceWithAnAllowedStatus) {
  const std::uint64_t part = GetParam();
  const std::uint64_t seeds = std::max<std::uint64_t>(from_environment("GODWIT_SIM_SEEDS", kSeeds), kParts);
  testing::FaultCounts faults;
  std::map<std::string, int> statuses;
  std::uint64_t events = 0;
  std::size_t heap_max = 0, network_max = 0, heap_early = 0;
  int failures = 0;
  std::uint64_t count = 0;
  const std::uint64_t first = 1 + part * seeds / kParts, last = (part + 1) * seeds / kParts;
  for (std::uint64_t seed = first; seed <= last && failures < 3; ++seed) {
    const SeedReport report = run_seed(seed);
    if (!report.problems.empty()) {
      ++failures;
      ADD_FAILURE() << told(seed);
      continue;
    }
    const SeedReport again = run_seed(seed);
    if (again.trace_hash != report.trace_hash || again.trace_lines != report.trace_lines) {
      ++failures;
      ADD_FAILURE() << "seed " << seed << " does not give the same trace twice";
    }
    EXPECT_LE(report.heap_bytes_max, kHeapMax) << told(seed);
    EXPECT_LE(report.network_bytes_max, kNetworkMax) << told(seed);
    faults += report.faults;
    for (const auto& [name, n] : report.statuses) statuses[name] += n;
    events += report.events;
    heap_max = std::max(heap_max, report.heap_bytes_max);
    network_max = std::max(network_max, report.network_bytes_max);
    if (++count == 10) heap_early = heap_bytes();
  }
  if (count > 20) {
    EXPECT_LE(heap_bytes(), heap_early + kHeapGrowth) << "memory stays when runs are over";
  }
  std::cout << count << " seeds, " << events << " events, at most " << heap_max << " bytes of heap and " << network_max
            << " in the network; faults: " << faults.text() << "; statuses:";
  for (const auto& [name, n] : statuses) std::cout << ' ' << name << '=' << n;
  std::cout << '\n';
  if (count < 100) return;
  for (std::size_t i = 0; i < testing::kFaultKinds; ++i) {
    const auto kind = static_cast<testing::FaultKind>(i);
    // Plaintext has nothing that notices a changed byte (statuses.txt says more).
    if (kind == testing::FaultKind::kCorrupt) continue;
    EXPECT_GT(faults[kind], 0u) << testing::text_of(kind) << " never happened";
  }
  EXPECT_GT(statuses["OK"], 0);
  EXPECT_GT(statuses["UNAVAILABLE"], 0);
}
INSTANTIATE_TEST_SUITE_P(Part, SeedParts, ::testing::Range<std::uint64_t>(0, kParts));

TEST(Seeds, TheSameSeedGivesTheSameTraceByteForByte) {
  std::set<std::uint64_t> hashes;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const SeedReport one = run_seed(seed, {.keep_trace = true});
    const SeedReport two = run_seed(seed, {.keep_trace = true});
    EXPECT_GT(one.trace_lines, 20u);
    EXPECT_TRUE(one.trace == two.trace) << "seed " << seed;
    hashes.insert(one.trace_hash);
    // A trace that is not kept is hashed all the same.
    EXPECT_EQ(run_seed(seed).trace_hash, one.trace_hash);
  }
  EXPECT_EQ(hashes.size(), 20u) << "different seeds give different traces";
}

}  // namespace
}  // namespace godwit::simulation

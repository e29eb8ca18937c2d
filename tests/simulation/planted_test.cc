// Do the seeds find a lost reset? It is planted between transport and calls, and must be reported with all that is
// needed to look for it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "crash_note.h"
#include "seed_run.h"

namespace godwit::simulation {
namespace {

using ::testing::HasSubstr;

TEST(Planted, TheLayerAloneChangesNothing) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const SeedReport plain = run_seed(seed);
    const SeedReport layered = run_seed(seed, {.planted = true});
    EXPECT_TRUE(layered.problems.empty()) << layered.text();
    EXPECT_EQ(layered.trace_hash, plain.trace_hash) << seed;
  }
}

TEST(Planted, ALostResetIsFound) {
  std::string report;
  for (std::uint64_t seed = 1; seed <= 20 && report.empty(); ++seed) {
    const SeedReport run = run_seed(seed, {.keep_trace = true, .planted = true, .plant = Plant::kLostReset});
    if (!run.problems.empty()) report = run.text();
  }
  EXPECT_THAT(report, ::testing::AnyOf(HasSubstr("never ended: call"), HasSubstr("DEADLINE_EXCEEDED")));
  EXPECT_THAT(report, HasSubstr("seed "));
  EXPECT_THAT(report, HasSubstr("alone: GODWIT_SIM_SEED="));
  EXPECT_THAT(report, HasSubstr("the last lines of the trace"));
  EXPECT_GE(std::count(report.begin(), report.end(), '\n'), 40);
}

// An assertion or a signal ends the process; the seed is told all the same.
TEST(PlantedDeathTest, ACrashTellsItsSeed) {
  const auto run = [] {
    const CrashNote note([](void*) { return std::string("seed 4711 of the simulation\n"); }, nullptr);
    std::abort();
  };
  EXPECT_DEATH(run(), "seed 4711 of the simulation");
}

}  // namespace
}  // namespace godwit::simulation

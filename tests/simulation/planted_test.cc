// Do the seeds find bugs? Two are planted between transport and calls, and must be reported with all that is needed to
// look for them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "seed_run.h"

namespace godwit::simulation {
namespace {

using ::testing::HasSubstr;

// Runs seeds until one is reported. The report, or "" when none of them was.
std::string first_report(Plant plant, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const SeedReport report = run_seed(seed, {.keep_trace = true, .planted = true, .plant = plant});
    if (!report.problems.empty()) return report.text();
  }
  return "";
}

TEST(Planted, TheLayerAloneChangesNothing) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const SeedReport plain = run_seed(seed);
    const SeedReport layered = run_seed(seed, {.planted = true});
    EXPECT_TRUE(layered.problems.empty()) << layered.text();
    EXPECT_EQ(layered.trace_hash, plain.trace_hash) << seed;
  }
}

TEST(Planted, ALostResetIsFound) {
  const std::string report = first_report(Plant::kLostReset, 20);
  EXPECT_THAT(report, ::testing::AnyOf(HasSubstr("never ended"), HasSubstr("DEADLINE_EXCEEDED")));
  EXPECT_THAT(report, HasSubstr("seed "));
  EXPECT_THAT(report, HasSubstr("alone: GODWIT_SIM_SEED="));
  EXPECT_THAT(report, HasSubstr("the last lines of the trace"));
  EXPECT_GE(std::count(report.begin(), report.end(), '\n'), 40);
  std::cout << report.substr(0, report.find("the last lines")) << '\n';
}

// The second end reaches whoever has the attempt by then: what it breaks may end the process, so it has one of its own.
TEST(PlantedDeathTest, ADoubleCompletionIsFound) {
  const auto run = [] {
    const std::string report = first_report(Plant::kDoubleCompletion, 20);
    std::cerr << report;
    std::_Exit(report.empty() ? 0 : 1);
  };
  EXPECT_EXIT(run(), [](int status) { return status != 0; },
              "seed [0-9]+ of the simulation:(.|\n)*alone: GODWIT_SIM_SEED=(.|\n)*the last lines of the trace(.|\n)*call");
}

}  // namespace
}  // namespace godwit::simulation

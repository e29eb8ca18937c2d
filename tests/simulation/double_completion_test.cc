// Do the seeds find a call that ends twice? This program contains rpc/client/call_end.cc with that bug: see
// CMakeLists.txt.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "seed_run.h"

namespace godwit::simulation {
namespace {

using ::testing::HasSubstr;

TEST(Planted, ADoubleCompletionIsFound) {
  std::string report;
  for (std::uint64_t seed = 1; seed <= 20 && report.empty(); ++seed) {
    const SeedReport run = run_seed(seed, {.keep_trace = true});
    if (!run.problems.empty()) report = run.text();
  }
  ASSERT_FALSE(report.empty()) << "not found; or not planted, then CMake has warned that call_end.cc has changed";
  EXPECT_THAT(report, HasSubstr("ended 2 times"));
  EXPECT_THAT(report, HasSubstr("seed "));
  EXPECT_THAT(report, HasSubstr("alone: GODWIT_SIM_SEED="));
  EXPECT_THAT(report, HasSubstr("the last lines of the trace"));
  EXPECT_GE(std::count(report.begin(), report.end(), '\n'), 40);
}

}  // namespace
}  // namespace godwit::simulation

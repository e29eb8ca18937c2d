// One seed with its whole trace: GODWIT_SIM_SEED=N, with --gtest_filter=Seeds.Alone. GODWIT_SIM_PLANT=lost_reset plants
// that bug.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string_view>

#include "seed_run.h"

namespace godwit::simulation {
namespace {

TEST(Seeds, Alone) {
  const char* seed = std::getenv("GODWIT_SIM_SEED");
  if (!seed) GTEST_SKIP() << "for GODWIT_SIM_SEED=N";
  const char* plant = std::getenv("GODWIT_SIM_PLANT");
  SeedOptions options{.keep_trace = true};
  if (plant && std::string_view(plant) == "lost_reset")
    options = {.keep_trace = true, .planted = true, .plant = Plant::kLostReset};
  const SeedReport report = run_seed(std::strtoull(seed, nullptr, 10), options);
  std::cout << report.trace;
  EXPECT_TRUE(report.problems.empty()) << report.text();
}

}  // namespace
}  // namespace godwit::simulation

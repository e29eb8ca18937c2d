#pragma once

#include <memory>

#include "godwit/rpc/client/connector.h"
#include "godwit/testing/simulation.h"

namespace godwit::simulation {

// Bugs that the runs must find.
enum class Plant {
  kNothing,           // the layer that carries the bugs, without one: must change nothing
  kLostReset,         // every third exchange never hears that it was reset or closed
  kDoubleCompletion,  // every third exchange hears the end of its response again, a little later
};

// A connector whose exchanges have the bug. Must be destroyed after the channel that uses it, before the executor.
std::shared_ptr<Connector> make_planted_connector(std::shared_ptr<Connector> below, testing::SimExecutor& executor,
                                                  Plant plant);

}  // namespace godwit::simulation

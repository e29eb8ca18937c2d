#pragma once

#include <cstdint>
#include <memory>

#include "godwit/rpc/client/connector.h"

namespace godwit::simulation {

// A bug that the runs must find, between transport and calls. Another one is planted when this folder is built: see
// CMakeLists.txt and double_completion_test.cc.
enum class Plant : std::uint8_t {
  kNothing,    // the layer that carries the bugs, without one: must change nothing
  kLostReset,  // every third exchange never hears that it was reset or closed
};

// A connector whose exchanges have the bug.
std::shared_ptr<Connector> make_planted_connector(std::shared_ptr<Connector> below, Plant plant);

}  // namespace godwit::simulation

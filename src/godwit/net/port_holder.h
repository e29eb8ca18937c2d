#pragma once

#include <cstdint>
#include <string>

namespace godwit::net {

// Who listens on this TCP port of this machine, as /proc tells: "pid 123 (name)", or "" when it does not (another
// user's process, another namespace). Reads many small files: for error texts only.
std::string holder_of_port(std::uint16_t port);

}  // namespace godwit::net

#pragma once

#include <string>

#include "godwit/base/time.h"

namespace godwit::rpc {

// For messages: "1.2 s", "350 ms", "0.08 ms", "2 min 5 s".
std::string text_of_duration(Duration duration);

}  // namespace godwit::rpc

#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "godwit/rpc/status.h"

namespace godwit::python {

// The words by which programs written for grpcio recognise what their own side did to a call.
inline constexpr std::string_view kChannelClosed = "Channel closed!";
inline constexpr std::string_view kLocallyCancelled = "Locally cancelled by application!";
inline constexpr std::string_view kDeadlineExceeded = "Deadline Exceeded";

// Code and details as such programs expect them, of a call's end that the engine tells: known words first, then the
// engine's own. What a server has said stays as it is.
std::pair<StatusCode, std::string> known_words(const Status& status, bool channel_closed);

}  // namespace godwit::python

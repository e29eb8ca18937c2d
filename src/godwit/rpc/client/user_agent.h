#pragma once

#include <string_view>

namespace godwit::rpc {

// What clients call themselves: "godwit-cpp/VERSION" (PROTOCOL-HTTP2.md, "User Agents").
inline constexpr std::string_view kUserAgent = "godwit-cpp/0.1.0";

}  // namespace godwit::rpc

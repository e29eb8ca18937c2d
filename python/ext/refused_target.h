#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "godwit/base/error.h"
#include "godwit/rpc/client/resolver.h"

namespace godwit::python {

// Channels of the Python API can be made with any target: where it can't be used, the calls say so (UNAVAILABLE), as
// programs expect which handle the errors of calls alone.

// What is wrong with a target, or nothing.
std::optional<Error> target_problem(std::string_view target, const ResolverRegistry& registry,
                                    const ResolverEnvironment& environment);

// The target of such a channel, for the registry that says `why` whenever it is asked for addresses.
inline constexpr std::string_view kRefusedTarget = "refused:target";
std::shared_ptr<const ResolverRegistry> refusing_registry(const Error& why);

}  // namespace godwit::python

#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "godwit/base/time.h"
#include "godwit/rpc/client/backoff.h"
#include "godwit/rpc/client/connector.h"
#include "godwit/rpc/client/interceptor.h"
#include "godwit/rpc/client/load_balancing.h"
#include "godwit/rpc/client/resolver.h"

namespace godwit {

// How calls of a method behave unless their context says otherwise (service_config.proto, MethodConfig).
struct MethodConfig {
  std::optional<bool> wait_for_ready;
  std::optional<Duration> timeout;                    // the earlier of this and the caller's counts
  std::optional<std::size_t> max_send_message_bytes;  // the smaller of this and the caller's counts
  std::optional<std::size_t> max_receive_message_bytes;
};

struct ChannelOptions {
  // Makes the connections. Required.
  std::shared_ptr<Connector> connector;
  // Looks up host names. nullptr: targets must hold addresses. Outlives the channel.
  NameLookup* name_lookup = nullptr;

  // The policy by its name in the registry.
  std::string load_balancing_policy = "pick_first";
  LoadBalancingConfig load_balancing_config;
  std::shared_ptr<const ResolverRegistry> resolvers = ResolverRegistry::standard();
  std::shared_ptr<const LoadBalancingRegistry> policies = LoadBalancingRegistry::standard();

  // Connecting (connection-backoff.md).
  BackoffOptions backoff;
  Duration min_connect_timeout = std::chrono::seconds(20);
  ResolverOptions resolver;

  // Sent as :authority instead of what the target says; TLS checks the server's name against it.
  std::string authority;
  // Put before "godwit-cpp/VERSION".
  std::string user_agent_prefix;

  // Longer messages fail their call with RESOURCE_EXHAUSTED. Bytes.
  std::size_t max_receive_message_bytes = 4 * 1024 * 1024;
  std::size_t max_send_message_bytes = std::numeric_limits<std::uint32_t>::max();
  // Of each call that many bytes of messages are kept until the server answers, so that the call can be sent again when
  // the server did not process it. A call that sends more is not sent again.
  std::size_t retry_buffer_bytes = 256 * 1024;

  // The first one is the outermost.
  std::vector<std::shared_ptr<ClientInterceptor>> interceptors;
};

}  // namespace godwit

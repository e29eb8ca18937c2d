#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "godwit/async/byte_stream.h"
#include "godwit/http/exchange.h"

namespace godwit {

// Watches over one connection whether its server says that a service is up (gRFC A17). Declared here, because
// subchannels use it; made by who knows the health protocol.
class HealthChecker {
 public:
  virtual ~HealthChecker() = default;
  // `serving` tells whether calls may go to the connection; `detail` says why not. Never called from inside watch().
  // Called until the returned operation is destroyed, which happens before the client is.
  using Report = std::function<void(bool serving, const std::string& detail)>;
  virtual std::unique_ptr<PendingOperation> watch(http::ExchangeClient& client, std::string_view service,
                                                  Report report) = 0;
};

}  // namespace godwit

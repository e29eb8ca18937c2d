#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/async/byte_stream.h"
#include "godwit/async/executor.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/base/time.h"
#include "godwit/rpc/client/backoff.h"
#include "godwit/rpc/client/endpoint.h"
#include "godwit/rpc/status.h"

namespace godwit {

// A target as gRPC names it (naming.md): scheme:[//authority/]path, percent-decoded.
struct Target {
  std::string text;       // as the user wrote it, for messages
  std::string scheme;     // "dns"
  std::string authority;  // "8.8.8.8" of "dns://8.8.8.8/host:80"; mostly ""
  std::string path;       // "host:80", without the '/' that ends the authority
};

// Hears what a resolver found. Called on the loop, never from inside a call to the resolver.
class ResolverEvents {
 public:
  // The whole, new list; may be empty.
  virtual void on_endpoints(std::vector<Endpoint> endpoints) = 0;
  // Nothing could be found now. The resolver tries again by itself.
  virtual void on_error(Status status) = 0;

 protected:
  ~ResolverEvents() = default;
};

// Turns one target into endpoints and keeps them up to date. For one loop; owned by its channel.
class Resolver {
 public:
  virtual ~Resolver() = default;  // no event comes after
  // Begins. Once.
  virtual void start(ResolverEvents& events) = 0;
  // Connections were lost: what was found may be out of date. The resolver limits how often it follows.
  virtual void request_resolution() = 0;
  // Forget a pause after an error: try now if one is running.
  virtual void reset_backoff() {}
};

// What a resolver is made with.
struct ResolverOptions {
  Duration min_interval = std::chrono::seconds(30);  // between two look-ups that succeeded
  BackoffOptions backoff;                            // between two that failed
};
struct ResolverEnvironment {
  Executor& executor;
  NameLookup* name_lookup = nullptr;  // nullptr: only address literals can be resolved
  ResolverOptions options;
};

class ResolverFactory {
 public:
  virtual ~ResolverFactory() = default;
  virtual std::string_view scheme() const = 0;  // lower case
  // The :authority of calls to this target, unless the user overrides it.
  virtual std::string default_authority(const Target& target) const;
  // The error says what is wrong with the target and shows the form.
  virtual Result<std::unique_ptr<Resolver>, Error> make(const Target& target,
                                                        const ResolverEnvironment& environment) const = 0;
};

// The schemes a channel knows. A plain object, filled before channels use it; no lock.
class ResolverRegistry {
 public:
  // Replaces a factory of the same scheme.
  void add(std::shared_ptr<const ResolverFactory> factory);
  const ResolverFactory* find(std::string_view scheme) const;

  // dns, ipv4, ipv6, unix, unix-abstract, passthrough. Constant and shared; copy it to add schemes.
  static const std::shared_ptr<const ResolverRegistry>& standard();

 private:
  std::map<std::string, std::shared_ptr<const ResolverFactory>, std::less<>> factories_;
};

// Reads a target. Text without a scheme that the registry knows ("host:80", "[::1]:80", "/x") is taken as
// dns:///text.
Result<Target, Error> parse_target(std::string_view text, const ResolverRegistry& registry);

}  // namespace godwit

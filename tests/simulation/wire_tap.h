#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "godwit/async/byte_stream.h"
#include "godwit/testing/fault.h"
#include "godwit/testing/simulation.h"

namespace godwit::simulation {

// Points in the life of a call at which a fault can be placed.
enum class Moment : std::uint8_t {
  kLookUp,
  kBeforeConnect,
  kDuringConnect,  // connected, no byte of HTTP/2 has arrived
  kBeforeRequestHeaders,
  kInsideRequestMessage,
  kBeforeResponseHeaders,
  kInsideResponseMessage,
  kBeforeTrailers,
  kAfterTrailers,
  kWholeCall,
};
inline constexpr std::size_t kMoments = 10;
std::string_view text_of(Moment moment);

// Where a moment lies on the wire of the first connection.
struct WirePosition {
  testing::Direction direction;  // whose bytes tell the moment
  std::uint64_t at_byte;
  Duration after;  // the dial; a little before the byte arrives
};

// Looks at the first connection that is made through dialer(): one call on a clean network tells where its moments lie.
class WireTap {
 public:
  // `delay`: of the links.
  WireTap(testing::SimExecutor& executor, Dialer& below, Duration delay);
  ~WireTap();
  Dialer& dialer() { return *dialer_; }

  // From kDuringConnect to kAfterTrailers, after the call has ended; nothing when the call did not come so far.
  std::optional<WirePosition> find(Moment moment) const;

 private:
  class TapDialer;
  class TapStream;
  struct Recorded {
    std::string bytes;
    // When the bytes up to that number were on their way's end.
    std::vector<std::pair<std::uint64_t, TimePoint>> arrivals;
    TimePoint arrival_of(std::uint64_t byte) const;
  };
  struct Frame {
    std::uint64_t begin, end;
    std::uint8_t type;
  };
  static std::vector<Frame> frames_of(const Recorded& recorded, std::size_t preface);

  testing::SimExecutor& executor_;
  const Duration delay_;
  std::unique_ptr<Dialer> dialer_;
  TimePoint dialed_at_{};
  Recorded to_server_;
  Recorded to_client_;
};

}  // namespace godwit::simulation

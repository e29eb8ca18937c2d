#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// HTTP/2 frames as byte strings (RFC 9113 section 4.1 and section 6), built by hand and apart from the engine's own
// writer, for scripted peers and hostile ones: nothing is checked, wrong lengths and flags can be written.
namespace godwit::testing::h2 {

enum FrameType : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kRstStream = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};
enum FrameFlag : std::uint8_t { kEndStream = 0x1, kAck = 0x1, kEndHeaders = 0x4, kPadded = 0x8, kPriorityFlag = 0x20 };

struct Setting {
  std::uint16_t id;
  std::uint32_t value;
};
struct HeaderField {
  std::string name;
  std::string value;
};

// "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" (section 3.4).
std::string_view preface();

// The nine octets of section 4.1; `length` is whatever the test wants it to be (24 bits are written).
std::string frame_header(std::uint32_t length, std::uint8_t type, std::uint8_t flags, std::uint32_t stream);
std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload);

std::string data(std::uint32_t stream, std::string_view payload, bool end_stream = false);
// With a pad length octet and that much padding of zero octets (section 6.1).
std::string padded_data(std::uint32_t stream, std::string_view payload, std::uint8_t padding, bool end_stream = false);
std::string headers(std::uint32_t stream, std::string_view block, bool end_stream = false, bool end_headers = true);
std::string continuation(std::uint32_t stream, std::string_view block, bool end_headers = true);
std::string priority(std::uint32_t stream, std::uint32_t depends_on, std::uint8_t weight, bool exclusive = false);
std::string rst_stream(std::uint32_t stream, std::uint32_t error_code);
std::string settings(const std::vector<Setting>& values = {});
std::string settings_ack();
std::string push_promise(std::uint32_t stream, std::uint32_t promised, std::string_view block, bool end_headers = true);
std::string ping(std::string_view eight_octets = "godwit!!", bool ack = false);
std::string goaway(std::uint32_t last_stream, std::uint32_t error_code, std::string_view debug = "");
std::string window_update(std::uint32_t stream, std::uint32_t increment);

// A header block (RFC 7541 section 6.2.2, 6.2.1, 6.2.3): literals without Huffman coding.
enum class Indexing : std::uint8_t { kWithout, kIncremental, kNever };
std::string field_block(const std::vector<HeaderField>& fields, Indexing indexing = Indexing::kWithout);
// An indexed field (section 6.1), and an integer with a prefix of `prefix_bits` (section 5.1) below `first_bits`.
std::string indexed_field(std::uint32_t index);
std::string hpack_integer(std::uint64_t value, int prefix_bits, std::uint8_t first_bits = 0);
// The usual pseudo-fields of a gRPC request, then `extra`.
std::string grpc_request_block(std::string_view path, const std::vector<HeaderField>& extra = {});
// A gRPC message with its five-octet prefix.
std::string grpc_message(std::string_view message, bool compressed = false);

// One received frame, taken apart. stream is without the reserved bit.
struct RawFrame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;
  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};
// Takes the complete frames off the front of `bytes`; what is left is the beginning of the next.
std::vector<RawFrame> take_frames(std::string& bytes);
// "HEADERS stream=1 flags=0x5 length=20", for failure messages and for comparing lists.
std::string text_of(const RawFrame& frame);

}  // namespace godwit::testing::h2

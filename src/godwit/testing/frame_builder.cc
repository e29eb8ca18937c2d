#include "godwit/testing/frame_builder.h"

#include <cstdio>

namespace godwit::testing::h2 {
namespace {

std::string big_endian(std::uint64_t value, int octets) {
  std::string result;
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) result += static_cast<char>(value >> shift & 0xff);
  return result;
}

std::uint8_t flag_if(bool on, FrameFlag flag) { return on ? static_cast<std::uint8_t>(flag) : std::uint8_t{0}; }

std::uint8_t octet(const std::string& bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

}  // namespace

std::string_view preface() { return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; }

std::string frame_header(std::uint32_t length, std::uint8_t type, std::uint8_t flags, std::uint32_t stream) {
  return big_endian(length, 3) + big_endian(type, 1) + big_endian(flags, 1) + big_endian(stream, 4);
}

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  return frame_header(static_cast<std::uint32_t>(payload.size()), type, flags, stream).append(payload);
}

std::string data(std::uint32_t stream, std::string_view payload, bool end_stream) {
  return frame(kData, flag_if(end_stream, kEndStream), stream, payload);
}

std::string padded_data(std::uint32_t stream, std::string_view payload, std::uint8_t padding, bool end_stream) {
  std::string body = big_endian(padding, 1);
  body.append(payload).append(padding, '\0');
  return frame(kData, static_cast<std::uint8_t>(kPadded | flag_if(end_stream, kEndStream)), stream, body);
}

std::string headers(std::uint32_t stream, std::string_view block, bool end_stream, bool end_headers) {
  return frame(kHeaders, static_cast<std::uint8_t>(flag_if(end_stream, kEndStream) | flag_if(end_headers, kEndHeaders)),
               stream, block);
}

std::string continuation(std::uint32_t stream, std::string_view block, bool end_headers) {
  return frame(kContinuation, flag_if(end_headers, kEndHeaders), stream, block);
}

std::string priority(std::uint32_t stream, std::uint32_t depends_on, std::uint8_t weight, bool exclusive) {
  const std::uint32_t first = depends_on | (exclusive ? 0x8000'0000u : 0u);
  return frame(kPriority, 0, stream, big_endian(first, 4) + big_endian(weight, 1));
}

std::string rst_stream(std::uint32_t stream, std::uint32_t error_code) {
  return frame(kRstStream, 0, stream, big_endian(error_code, 4));
}

std::string settings(const std::vector<Setting>& values) {
  std::string body;
  for (const Setting& s : values) body += big_endian(s.id, 2) + big_endian(s.value, 4);
  return frame(kSettings, 0, 0, body);
}

std::string settings_ack() { return frame(kSettings, kAck, 0, ""); }

std::string push_promise(std::uint32_t stream, std::uint32_t promised, std::string_view block, bool end_headers) {
  return frame(kPushPromise, flag_if(end_headers, kEndHeaders), stream, big_endian(promised, 4).append(block));
}

std::string ping(std::string_view eight_octets, bool ack) { return frame(kPing, flag_if(ack, kAck), 0, eight_octets); }

std::string goaway(std::uint32_t last_stream, std::uint32_t error_code, std::string_view debug) {
  return frame(kGoAway, 0, 0, (big_endian(last_stream, 4) + big_endian(error_code, 4)).append(debug));
}

std::string window_update(std::uint32_t stream, std::uint32_t increment) {
  return frame(kWindowUpdate, 0, stream, big_endian(increment, 4));
}

std::string hpack_integer(std::uint64_t value, int prefix_bits, std::uint8_t first_bits) {
  const std::uint64_t limit = (std::uint64_t{1} << prefix_bits) - 1;
  if (value < limit) return std::string(1, static_cast<char>(first_bits | value));
  std::string result(1, static_cast<char>(first_bits | limit));
  for (value -= limit; value >= 128; value >>= 7) result += static_cast<char>(0x80 | (value & 0x7f));
  return result += static_cast<char>(value);
}

std::string field_block(const std::vector<HeaderField>& fields, Indexing indexing) {
  std::string block;
  for (const HeaderField& f : fields) {
    switch (indexing) {
      case Indexing::kWithout:
        block += '\x00';
        break;
      case Indexing::kIncremental:
        block += '\x40';
        break;
      case Indexing::kNever:
        block += '\x10';
        break;
    }
    block += hpack_integer(f.name.size(), 7) + f.name;
    block += hpack_integer(f.value.size(), 7) + f.value;
  }
  return block;
}

std::string indexed_field(std::uint32_t index) { return hpack_integer(index, 7, 0x80); }

std::string grpc_request_block(std::string_view path, const std::vector<HeaderField>& extra) {
  std::vector<HeaderField> fields = {
      {":method", "POST"},         {":scheme", "http"}, {":path", std::string(path)},
      {":authority", "localhost"}, {"te", "trailers"},  {"content-type", "application/grpc"},
  };
  fields.insert(fields.end(), extra.begin(), extra.end());
  return field_block(fields);
}

std::string grpc_message(std::string_view message, bool compressed) {
  return (big_endian(compressed ? 1 : 0, 1) + big_endian(message.size(), 4)).append(message);
}

std::vector<RawFrame> take_frames(std::string& bytes) {
  std::vector<RawFrame> frames;
  std::size_t at = 0;
  while (bytes.size() - at >= 9) {
    const std::size_t length =
        std::size_t{octet(bytes, at)} << 16 | std::size_t{octet(bytes, at + 1)} << 8 | octet(bytes, at + 2);
    if (bytes.size() - at - 9 < length) break;
    RawFrame f;
    f.type = octet(bytes, at + 3);
    f.flags = octet(bytes, at + 4);
    for (std::size_t i = 5; i < 9; ++i) f.stream = f.stream << 8 | octet(bytes, at + i);
    f.stream &= 0x7fff'ffff;
    f.payload = bytes.substr(at + 9, length);
    frames.push_back(std::move(f));
    at += 9 + length;
  }
  bytes.erase(0, at);
  return frames;
}

std::string text_of(const RawFrame& frame) {
  static constexpr const char* kNames[] = {"DATA",         "HEADERS", "PRIORITY", "RST_STREAM",    "SETTINGS",
                                           "PUSH_PROMISE", "PING",    "GOAWAY",   "WINDOW_UPDATE", "CONTINUATION"};
  char text[96];
  if (frame.type < std::size(kNames)) {
    std::snprintf(text, sizeof text, "%s stream=%u flags=0x%x length=%zu", kNames[frame.type], frame.stream,
                  frame.flags, frame.payload.size());
  } else {
    std::snprintf(text, sizeof text, "type 0x%x stream=%u flags=0x%x length=%zu", frame.type, frame.stream, frame.flags,
                  frame.payload.size());
  }
  return text;
}

}  // namespace godwit::testing::h2

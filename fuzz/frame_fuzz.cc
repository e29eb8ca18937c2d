// HTTP/2 frames (RFC 9113 section 4.1): any bytes, cut in two ways, must give the same frames; SETTINGS payloads are
// read; what the writers make of a frame's content must be read as that frame again.
//
// Input: one byte with the size of the pieces, then the bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "godwit/base/bytes.h"
#include "godwit/base/output_queue.h"
#include "godwit/http2/frame/error_code.h"
#include "godwit/http2/frame/frame.h"
#include "godwit/http2/frame/frame_reader.h"
#include "godwit/http2/frame/frame_writer.h"
#include "godwit/http2/frame/settings.h"

namespace {

using namespace godwit;
using namespace godwit::http2;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr const char* kTooLarge = "too large";

std::vector<std::string> read(Bytes bytes, std::size_t piece) {
  std::vector<std::string> frames;
  FrameReader reader;
  std::uint32_t data_left = 0;
  while (!bytes.empty()) {
    // A copy of its own, so that a read past its end is seen.
    const std::vector<std::uint8_t> part(bytes.begin(),
                                         bytes.begin() + static_cast<std::ptrdiff_t>(std::min(piece, bytes.size())));
    bytes = bytes.subspan(part.size());
    const std::uint8_t* p = part.data();
    const std::uint8_t* const end = p + part.size();
    while (p != end) {
      if (data_left > 0) {
        const auto n = std::min<std::size_t>(data_left, static_cast<std::size_t>(end - p));
        frames.back().append(reinterpret_cast<const char*>(p), n);
        p += n;
        data_left -= static_cast<std::uint32_t>(n);
        continue;
      }
      FrameHeader header;
      Bytes payload;
      const FrameReader::Step step = reader.next(p, end, kDefaultMaxFrameSize, header, payload);
      require(p <= end);
      if (step == FrameReader::Step::kTooLarge) {
        frames.emplace_back(kTooLarge);
        return frames;
      }
      if (step == FrameReader::Step::kNeedMore) {
        require(p == end);
        break;
      }
      std::uint8_t stored[kFrameHeaderSize];
      store_frame_header(stored, header.length, header.type, header.flags, header.stream_id);
      frames.emplace_back(reinterpret_cast<const char*>(stored), sizeof stored);
      if (step == FrameReader::Step::kData) {
        data_left = header.length;
        continue;
      }
      if (header.type > FrameType::kContinuation) continue;
      require(payload.size() == header.length);
      frames.back() += as_text(payload);
      if (header.type == FrameType::kSettings) {
        for (const bool from_server : {false, true}) {
          Settings settings;
          if (!parse_settings(payload, from_server, settings).ok()) continue;
          require(settings.max_frame_size >= kDefaultMaxFrameSize && settings.max_frame_size <= kMaxFrameSizeLimit);
          require(settings.initial_window_size <= kWindowMax);
        }
      }
    }
    reader.release();
  }
  return frames;
}

std::string take(OutputQueue& out) {
  std::string bytes;
  while (!out.empty()) {
    iovec pieces[3];
    const std::size_t count = out.gather(pieces);
    for (std::size_t i = 0; i < count; ++i) {
      bytes.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
      out.consume(pieces[i].iov_len);
    }
  }
  return bytes;
}

// Header and payload as read() gives them; only flags and stream identifiers that the type has.
std::string frame(FrameType type, std::uint8_t flags, StreamId id, Bytes payload) {
  std::uint8_t header[kFrameHeaderSize];
  store_frame_header(header, static_cast<std::uint32_t>(payload.size()), type, flags, id);
  return std::string(as_text(header)).append(as_text(payload));
}

void write_settings_of(OutputQueue& out, Bytes payload) {
  std::vector<Setting> settings;
  for (; payload.size() >= kSettingSize; payload = payload.subspan(kSettingSize)) {
    settings.push_back({static_cast<SettingId>(load_be16(payload.data())), load_be32(payload.data() + 2)});
  }
  write_settings(out, settings);
}

// Writes the content of a frame that was read. A header block goes out in frames of at most `max_frame_size`.
void write_again(const std::string& text, std::uint32_t max_frame_size) {
  const FrameHeader h = load_frame_header(as_bytes(text).data());
  const Bytes payload = as_bytes(text).subspan(kFrameHeaderSize);
  const std::uint8_t ack = h.flags & frame_flags::kAck;
  require(!name_of(h.type).empty());
  OutputQueue out;
  if (h.type == FrameType::kSettings && ack != 0) {
    write_settings_ack(out);
    require(take(out) == frame(h.type, ack, 0, {}));
  } else if (h.type == FrameType::kSettings && payload.size() % kSettingSize == 0) {
    write_settings_of(out, payload);
    require(take(out) == frame(h.type, 0, 0, payload));
  } else if (h.type == FrameType::kPing && payload.size() == 8) {
    write_ping(out, load_be64(payload.data()), ack != 0);
    require(take(out) == frame(h.type, ack, 0, payload));
  } else if (h.type == FrameType::kRstStream && payload.size() == 4) {
    const auto code = static_cast<ErrorCode>(load_be32(payload.data()));
    require(!name_of(code).empty());
    write_rst_stream(out, h.stream_id, code);
    require(take(out) == frame(h.type, 0, h.stream_id, payload));
  } else if (h.type == FrameType::kWindowUpdate && payload.size() == 4) {
    write_window_update(out, h.stream_id, load_be32(payload.data()));
    require(take(out) == frame(h.type, 0, h.stream_id, payload));
  } else if (h.type == FrameType::kGoaway && payload.size() >= 8) {
    const auto code = static_cast<ErrorCode>(load_be32(payload.data() + 4));
    write_goaway(out, load_be32(payload.data()), code, as_text(payload.subspan(8)));
    require(take(out) == frame(h.type, 0, 0, payload.first(std::min<std::size_t>(payload.size(), 1008))));
  } else if (h.type == FrameType::kHeaders || h.type == FrameType::kContinuation) {
    write_header_block(out, h.stream_id, payload, h.has(frame_flags::kEndStream), max_frame_size);
    const std::vector<std::string> frames = read(as_bytes(take(out)), SIZE_MAX);
    std::string block;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const FrameHeader part = load_frame_header(as_bytes(frames[i]).data());
      require(part.type == (i == 0 ? FrameType::kHeaders : FrameType::kContinuation) && part.stream_id == h.stream_id);
      require(part.has(frame_flags::kEndHeaders) == (i + 1 == frames.size()) && part.length <= max_frame_size);
      require(part.has(frame_flags::kEndStream) == (i == 0 && h.has(frame_flags::kEndStream)));
      block += frames[i].substr(kFrameHeaderSize);
    }
    require(as_bytes(block).size() == payload.size() && block == as_text(payload));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes bytes(data + 1, size - 1);
  const std::vector<std::string> frames = read(bytes, SIZE_MAX);
  require(read(bytes, std::size_t{data[0]} + 1) == frames);
  for (const std::string& text : frames) {
    if (text != kTooLarge) write_again(text, std::uint32_t{data[0]} + 1);
  }
  return 0;
}

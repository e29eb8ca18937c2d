// HTTP/2 frames (RFC 9113 section 4.1): any bytes, cut in two ways, must give the same frames; SETTINGS payloads are
// read.
//
// Input: one byte with the size of the pieces, then the bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "godwit/base/bytes.h"
#include "godwit/http2/frame/frame.h"
#include "godwit/http2/frame/frame_reader.h"
#include "godwit/http2/frame/settings.h"

namespace {

using namespace godwit;
using namespace godwit::http2;

void require(bool condition) {
  if (!condition) std::abort();
}

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
        frames.emplace_back("too large");
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes bytes(data + 1, size - 1);
  require(read(bytes, std::size_t{data[0]} + 1) == read(bytes, SIZE_MAX));
  return 0;
}

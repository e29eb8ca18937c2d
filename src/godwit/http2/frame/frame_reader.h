#pragma once

#include <cstdint>
#include <vector>

#include "godwit/base/bytes.h"
#include "godwit/http2/frame/frame.h"

namespace godwit::http2 {

// Cuts received bytes into frames. A frame that lies in one piece is handed out where it is; others are put together in
// a buffer that exists only while a frame is incomplete. The payload of DATA is never buffered: after kData it is the
// caller who takes `header.length` bytes, as they come, before calling next() again.
class FrameReader {
 public:
  enum class Step : std::uint8_t {
    kNeedMore,  // all input was taken
    kFrame,     // a whole frame: header and payload
    kData,      // the header of a DATA frame
    kTooLarge,  // section 4.2: header.length is above max_frame_size; nothing can be read any more
  };

  // Takes bytes from [p, end) and moves p. The payload is valid until the next call and while the input is.
  Step next(const std::uint8_t*& p, const std::uint8_t* end, std::uint32_t max_frame_size, FrameHeader& header,
            Bytes& payload) {
    if (collected_ == 0 && static_cast<std::size_t>(end - p) >= kFrameHeaderSize) {
      header = load_frame_header(p);
      if (header.length > max_frame_size) return Step::kTooLarge;
      if (header.type == FrameType::kData) {
        p += kFrameHeaderSize;
        return Step::kData;
      }
      if (static_cast<std::size_t>(end - p) - kFrameHeaderSize >= header.length) {
        payload = {p + kFrameHeaderSize, header.length};
        p += kFrameHeaderSize + header.length;
        return Step::kFrame;
      }
    }
    return next_slowly(p, end, max_frame_size, header, payload);
  }

  // Gives the buffer of the last frame back: to be called when its payload is not needed any more.
  void release() {
    if (done_) release_buffer();
  }

 private:
  void release_buffer();
  Step next_slowly(const std::uint8_t*& p, const std::uint8_t* end, std::uint32_t max_frame_size, FrameHeader& header,
                   Bytes& payload);

  std::uint8_t header_[kFrameHeaderSize] = {};
  std::uint8_t collected_ = 0;  // bytes of header_ that are there
  bool done_ = false;           // payload_ was handed out by the last call
  std::uint32_t skipped_ = 0;   // of the payload of an unknown frame
  std::vector<std::uint8_t> payload_;
};

}  // namespace godwit::http2

#include "godwit/http2/frame/frame_reader.h"

#include <algorithm>
#include <cstring>

namespace godwit::http2 {

void FrameReader::release_buffer() {
  std::vector<std::uint8_t>().swap(payload_);
  done_ = false;
}

FrameReader::Step FrameReader::next_slowly(const std::uint8_t*& p, const std::uint8_t* end,
                                           std::uint32_t max_frame_size, FrameHeader& header, Bytes& payload) {
  release();
  const std::size_t missing = kFrameHeaderSize - collected_;
  const std::size_t taken = std::min(missing, static_cast<std::size_t>(end - p));
  if (taken > 0) std::memcpy(header_ + collected_, p, taken);
  collected_ = static_cast<std::uint8_t>(collected_ + taken);
  p += taken;
  if (collected_ < kFrameHeaderSize) return Step::kNeedMore;

  header = load_frame_header(header_);
  if (header.length > max_frame_size) return Step::kTooLarge;
  if (header.type == FrameType::kData) {
    collected_ = 0;
    return Step::kData;
  }
  const auto available = static_cast<std::size_t>(end - p);
  if (header.type > FrameType::kContinuation) {  // nobody will look at it: do not keep it (section 4.1)
    const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(header.length - skipped_, available));
    skipped_ += n;
    p += n;
    if (skipped_ < header.length) return Step::kNeedMore;
    skipped_ = 0;
    collected_ = 0;
    payload = {};
    return Step::kFrame;
  }
  if (payload_.empty() && available >= header.length) {  // only the header was split
    payload = {p, header.length};
    p += header.length;
    collected_ = 0;
    return Step::kFrame;
  }
  const std::size_t n = std::min(header.length - payload_.size(), available);
  payload_.insert(payload_.end(), p, p + n);
  p += n;
  if (payload_.size() < header.length) return Step::kNeedMore;
  payload = payload_;
  collected_ = 0;
  done_ = true;
  return Step::kFrame;
}

}  // namespace godwit::http2

#include "godwit/http2/frame/frame_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "godwit/http2/frame/settings.h"
#include "godwit/testing/frame_builder.h"

namespace godwit::http2 {
namespace {

namespace h2 = testing::h2;

// Reads everything in pieces; DATA is taken as it comes.
std::vector<std::string> read_in_pieces(const std::string& bytes, std::size_t piece) {
  std::vector<std::string> seen;
  FrameReader reader;
  std::uint32_t data_left = 0;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const std::string part = bytes.substr(at, piece);
    const auto* p = reinterpret_cast<const std::uint8_t*>(part.data());
    const auto* end = p + part.size();
    while (p != end) {
      if (data_left > 0) {
        const auto n = std::min<std::size_t>(data_left, static_cast<std::size_t>(end - p));
        seen.back().append(reinterpret_cast<const char*>(p), n);
        p += n;
        data_left -= static_cast<std::uint32_t>(n);
        continue;
      }
      FrameHeader header;
      Bytes payload;
      const auto step = reader.next(p, end, kDefaultMaxFrameSize, header, payload);
      if (step == FrameReader::Step::kTooLarge) {
        seen.push_back("too large");
        return seen;
      }
      if (step == FrameReader::Step::kNeedMore) {
        EXPECT_EQ(p, end);
        break;
      }
      std::string line = std::string(name_of(header.type)) + " " + std::to_string(header.stream_id) + " " +
                         std::to_string(header.flags) + " ";
      if (step == FrameReader::Step::kData) {
        data_left = header.length;
      } else if (header.type <= FrameType::kContinuation) {
        EXPECT_EQ(payload.size(), header.length);
        line += as_text(payload);
      }
      seen.push_back(line);
    }
    reader.release();
  }
  return seen;
}

TEST(FrameReader, Section4_1_CutsTheSameWhateverThePieces) {
  const std::string bytes = h2::settings({{3, 100}}) + h2::headers(1, "block one", false) +
                            h2::data(1, "hello", false) + h2::frame(0xfa, 0xff, 7, std::string(3000, 'u')) +
                            h2::ping() + h2::data(1, "", true) + h2::settings_ack() +
                            h2::window_update(0x80000003, 17) + h2::goaway(9, 2, "bye");
  const std::vector<std::string> whole = read_in_pieces(bytes, bytes.size());
  ASSERT_EQ(whole.size(), 9u);
  EXPECT_EQ(whole[1], "HEADERS 1 4 block one");
  EXPECT_EQ(whole[2], "DATA 1 0 hello");
  EXPECT_EQ(whole[3], "an unknown frame 7 255 ");
  EXPECT_EQ(whole[7].substr(0, 16), "WINDOW_UPDATE 3 ");  // the reserved bit is ignored
  for (std::size_t piece = 1; piece < 200; ++piece) EXPECT_EQ(read_in_pieces(bytes, piece), whole) << piece;
}

TEST(FrameReader, Section4_2_RefusesLargeFramesByTheirHeader) {
  const std::string header = h2::frame_header(kDefaultMaxFrameSize + 1, h2::kHeaders, 0, 1);
  EXPECT_EQ(read_in_pieces(header, 100), std::vector<std::string>{"too large"});
  EXPECT_EQ(read_in_pieces(header, 1), std::vector<std::string>{"too large"});
  EXPECT_TRUE(read_in_pieces(h2::frame_header(kDefaultMaxFrameSize, h2::kHeaders, 0, 1), 1).empty());
}

TEST(Settings, Section6_5_2_Values) {
  struct Case {
    std::uint16_t id;
    std::uint32_t value;
    bool from_server;
    ErrorCode code;  // kNoError: fine
  };
  const Case cases[] = {
      {1, 0, false, ErrorCode::kNoError},
      {2, 0, false, ErrorCode::kNoError},
      {2, 1, false, ErrorCode::kNoError},
      {2, 2, false, ErrorCode::kProtocolError},
      {2, 0, true, ErrorCode::kNoError},
      {2, 1, true, ErrorCode::kProtocolError},
      {3, 0, false, ErrorCode::kNoError},
      {4, 0x7fffffff, false, ErrorCode::kNoError},
      {4, 0x80000000, false, ErrorCode::kFlowControlError},
      {5, 16383, false, ErrorCode::kProtocolError},
      {5, 16384, false, ErrorCode::kNoError},
      {5, (1 << 24) - 1, false, ErrorCode::kNoError},
      {5, 1 << 24, false, ErrorCode::kProtocolError},
      {6, 0, false, ErrorCode::kNoError},
      {99, 0xffffffff, false, ErrorCode::kNoError},
  };
  for (const Case& c : cases) {
    Settings settings;
    const std::string frame = h2::settings({{c.id, c.value}});
    const auto parsed = parse_settings(as_bytes(frame).subspan(kFrameHeaderSize), c.from_server, settings);
    SCOPED_TRACE(std::to_string(c.id) + "=" + std::to_string(c.value));
    EXPECT_EQ(parsed.ok() ? ErrorCode::kNoError : parsed.error().code, c.code);
  }
}

TEST(Settings, TheLastValueCounts) {
  Settings settings;
  const std::string frame = h2::settings({{4, 1}, {3, 7}, {4, 2}});
  ASSERT_TRUE(parse_settings(as_bytes(frame).subspan(kFrameHeaderSize), false, settings).ok());
  EXPECT_EQ(settings.initial_window_size, 2u);
  EXPECT_EQ(settings.max_concurrent_streams, 7u);
  EXPECT_EQ(settings.max_frame_size, kDefaultMaxFrameSize);
}

}  // namespace
}  // namespace godwit::http2

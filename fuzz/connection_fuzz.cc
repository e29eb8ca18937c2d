// The HTTP/2 engine with a hostile peer, a restless user, and time that jumps.
//
// Input: two bytes of options, then steps. A step is one byte; step 0 (what the peer sends) has two bytes of length and
// that many bytes behind it, the others one byte.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "godwit/base/block.h"
#include "godwit/http2/connection/connection.h"
#include "godwit/http2/frame/frame.h"

namespace {

using namespace godwit;
using namespace godwit::http2;

void require(bool condition) {
  if (!condition) std::abort();
}

enum Option : std::uint8_t {
  kIsClient = 1,
  kSmallWindows = 2,
  kGreeted = 4,     // preface and SETTINGS come first
  kByteWise = 8,    // input comes byte by byte
  kAnswer = 16,     // requests are answered when they end
  kConsume = 32,    // DATA is given back at once
  kLargeBody = 64,  // answers are large
  kEarly = 128,     // requests are answered when they begin
};

class Session final : public ConnectionEvents {
 public:
  Session(std::uint8_t options, std::uint8_t size)
      : options_(options),
        size_(size),
        connection_((options & kIsClient) ? Role::kClient : Role::kServer, engine_options(options, size), *this, now_) {
    if (!(options & kGreeted)) return;
    static constexpr char kSettings[] = "\0\0\0\4\0\0\0\0\0";
    if (!(options & kIsClient)) receive(as_bytes(kClientPreface));
    receive(as_bytes(std::string_view(kSettings, 9)));
  }
  ~Session() {
    connection_.receive_end("the end", now_);
    connection_.flush(now_);
    require(alive_.empty());  // every stream was closed, once
    require(connection_.is_closed() && !connection_.wants_flush());
    require(connection_.next_timeout() == kNever);
  }

  void receive(Bytes bytes) {
    const std::size_t piece = (options_ & kByteWise) ? 1 : bytes.size();
    while (!bytes.empty()) {
      // A block of its own, exactly as long: a read past its end is seen by the sanitizer as far as blocks allow.
      connection_.receive(Slice::copy_of(bytes.first(std::min(piece, bytes.size()))), now_);
      bytes = bytes.subspan(std::min(piece, bytes.size()));
    }
    require(connection_.open_streams() <= alive_.size());
    require(connection_.send_window() <= kWindowMax && connection_.receive_window() <= kWindowMax);
    require(connection_.is_draining() == (connection_.state() == ConnectionState::kDraining));
    require(connection_.counters().streams_started >= connection_.counters().streams_succeeded);
    // Kept beyond the input that it came with, as messages in several parts are.
    for (const std::uint8_t byte : kept_.bytes()) checksum_ += byte;
  }

  void step(std::uint8_t command, std::uint8_t argument) {
    Stream* stream = pick(argument);
    switch (command % 14) {
      case 1:
        return connection_.flush(now_);
      case 2:
        return drain(std::size_t{argument} * 100);
      case 3:
        return drain(SIZE_MAX);
      case 4:
        if (argument % 16 == 0) connection_.shutdown();
        return;
      case 5:
        now_ += std::chrono::milliseconds(std::size_t{argument} * 40);
        if (now_ >= connection_.next_timeout()) connection_.on_timeout(now_);
        return;
      case 6:
        return connection_.ping(argument);
      case 7:
        if (argument % 64 != 0) return receive_data(argument, stream);
        return connection_.close(ErrorCode::kInternalError, "closed by the user");
      case 8:
        if (stream) connection_.reset(*stream, ErrorCode::kCancel);
        return;
      case 9:
        if (stream) send(*stream, argument);
        return;
      case 10:
        if (stream && stream->can_send() && has_headers(*stream)) connection_.send_data(*stream, Bytes{}, true);
        return;
      case 11:
        if (stream && stream->can_send()) answer(*stream);
        return;
      case 12:
        return open(argument);
      case 13:
        if (stream) give_back(*stream, argument);
        return;
      default:
        return;
    }
  }

 private:
  struct User {
    std::size_t held = 0;
    bool headers_sent = false;
    bool closing = false;
  };

  static Options engine_options(std::uint8_t options, std::uint8_t size) {
    Options result;
    if (size & 4) result.max_frame_size = kRoomyFrameSize;
    if (options & kSmallWindows) {
      result.initial_stream_window = 40;
      result.max_stream_window = 200;
      result.initial_connection_window = kDefaultWindow;
      result.max_unconsumed = 300;
      result.max_concurrent_streams = 3;
      result.max_header_list_size = 300;
      result.header_table_size = 100;
      result.output_high = 500;
      result.stream_queue_high = 100;
      result.stream_queue_low = 10;
    }
    return result;
  }

  static bool has_headers(const Stream& stream) { return static_cast<User*>(stream.user)->headers_sent; }
  Stream* pick(std::uint8_t argument) {
    if (alive_.empty()) return nullptr;
    auto at = alive_.begin();
    std::advance(at, argument % alive_.size());
    return *at;
  }
  void know(Stream& stream) {
    if (!stream.user) stream.user = new User;
    alive_.insert(&stream);
  }
  void drain(std::size_t most) {
    OutputQueue& output = connection_.output();
    std::array<iovec, 4> pieces;
    const std::size_t count = output.gather(pieces);
    for (std::size_t i = 0; i < count; ++i) {
      // Looks at every byte.
      const auto* bytes = static_cast<const std::uint8_t*>(pieces[i].iov_base);
      for (std::size_t k = 0; k < pieces[i].iov_len; ++k) checksum_ += bytes[k];
    }
    output.consume(std::min(most, output.size()));
  }
  // A long frame for two bytes of input: windows are large.
  void receive_data(std::uint8_t argument, const Stream* stream) {
    std::vector<std::uint8_t> frame(kFrameHeaderSize + std::size_t{argument} % 64 * 260);
    store_frame_header(frame.data(), static_cast<std::uint32_t>(frame.size() - kFrameHeaderSize), FrameType::kData, 0,
                       stream ? stream->id() : 1);
    connection_.receive(Slice::copy_of(frame), now_);
  }
  void send(Stream& stream, std::uint8_t argument) {
    if (!stream.can_send() || !has_headers(stream) || connection_.queued(stream) > 100'000) return;
    const std::size_t size = std::size_t{argument} * argument / ((argument & 1) ? 1 : 16);
    if (argument & 2) {
      connection_.send_data(stream, Slice::copy_of(as_bytes(std::string(size, 's'))), false);
    } else {
      connection_.send_data(stream, as_bytes(std::string(size, 'b')), false);
    }
  }
  void answer(Stream& stream) {
    if (connection_.role() == Role::kClient || !stream.can_send()) return;
    static const http::PreparedFields headers({http::Field(http::FieldToken::kStatus, "200")});
    static const http::PreparedFields trailers({http::Field(http::FieldToken::kGrpcStatus, "0")});
    User& user = *static_cast<User*>(stream.user);
    if (!user.headers_sent) {
      user.headers_sent = true;
      connection_.send_headers(stream, headers, false);
    }
    connection_.send_data(stream, as_bytes(std::string((options_ & kLargeBody) ? 30'000 : size_, 'a')), false);
    if (!stream.can_send()) return;
    if ((size_ & 2) == 0) return connection_.send_headers(stream, trailers, true);
    const std::string message(size_, 'm');  // gone before the trailers are sent, when they have to wait
    const http::Field rest[] = {{http::FieldToken::kGrpcMessage, message}, {"x-other", message, http::Indexing::kOnce}};
    connection_.send_headers(stream, {trailers, rest}, true);
  }
  void open(std::uint8_t argument) {
    if (connection_.role() == Role::kServer) return;
    const std::vector<http::Field> fields = {
        {":method", (argument & 2) ? "HEAD" : "POST"}, {":scheme", "http"}, {":path", "/"}};
    static const http::PreparedFields prepared({{":method", "POST"}, {":scheme", "http"}, {":path", "/prepared"}});
    const std::uint32_t room = connection_.may_open();
    const HeaderFields chosen = (argument & 4) ? HeaderFields(prepared) : HeaderFields(fields);
    Stream* stream = connection_.open(chosen, (argument & 1) != 0, nullptr);
    require((stream != nullptr) == (room > 0));
    if (!stream) return;
    know(*stream);
    static_cast<User*>(stream->user)->headers_sent = true;
  }
  void give_back(Stream& stream, std::size_t bytes) {
    User& user = *static_cast<User*>(stream.user);
    const std::size_t count = std::min(bytes, user.held);
    user.held -= count;
    connection_.consume(stream, count);
  }

  void on_headers(Stream& stream, HeadersKind kind, const http::FieldViews& fields, bool end) override {
    require(!(alive_.count(&stream) && kind == HeadersKind::kRequest));
    know(stream);
    for (const http::FieldView& field : fields) {
      for (const char c : field.value) require(c != '\0' && c != '\r' && c != '\n');
      require(!field.name.empty());
    }
    if ((options_ & kEarly) || (end && (options_ & kAnswer))) answer(stream);
  }
  void on_data(Stream& stream, const DataView& data, bool end) override {
    require(alive_.count(&stream) == 1 && (!data.bytes.empty() || end));
    kept_ = data.slice();
    static_cast<User*>(stream.user)->held += data.bytes.size();
    if (options_ & kConsume) give_back(stream, data.bytes.size());
    if (end && (options_ & kAnswer)) answer(stream);
  }
  void on_reset(Stream& stream, const StreamReset& reset) override {
    require(alive_.count(&stream) == 1 && !static_cast<User*>(stream.user)->closing);
    static_cast<User*>(stream.user)->closing = true;
    for (const char c : reset.text) checksum_ += static_cast<std::uint8_t>(c);
  }
  void on_stream_closed(Stream& stream) override {
    require(stream.state() == StreamState::kClosed && alive_.erase(&stream) == 1);
    connection_.reset(stream, ErrorCode::kCancel);  // commands on a closed stream do nothing
    connection_.send_data(stream, as_bytes("x"), true);
    delete static_cast<User*>(stream.user);
  }
  void on_writable(Stream& stream) override {
    require(alive_.count(&stream) == 1);
    if (size_ & 1) send(stream, size_);
  }
  void on_connection_error(const ConnectionError& error) override {
    require(!failed_ && connection_.is_closed() && !error.text.empty());
    failed_ = true;
  }
  void on_drained() override {
    require(!drained_ && connection_.open_streams() == 0);
    drained_ = true;
  }

  std::uint8_t options_;
  std::uint8_t size_;  // of answers; its lowest bits are options too
  TimePoint now_{};
  std::uint64_t checksum_ = 0;
  Slice kept_;  // the DATA that came last
  bool failed_ = false;
  bool drained_ = false;
  struct ById {
    bool operator()(const Stream* a, const Stream* b) const { return a->id() < b->id(); }
  };
  std::set<Stream*, ById> alive_;
  Connection connection_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  Session session(data[0], data[1]);
  Bytes rest(data + 2, size - 2);
  while (!rest.empty()) {
    const std::uint8_t command = rest[0];
    rest = rest.subspan(1);
    if (command % 14 == 0) {
      if (rest.size() < 2) break;
      const std::size_t length = std::min<std::size_t>(load_be16(rest.data()), rest.size() - 2);
      session.receive(rest.subspan(2, length));
      rest = rest.subspan(2 + length);
    } else {
      if (rest.empty()) break;
      session.step(command, rest[0]);
      rest = rest.subspan(1);
    }
  }
  return 0;
}

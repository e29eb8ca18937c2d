#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/base/block.h"
#include "godwit/http2/connection/connection.h"
#include "godwit/http2/frame/frame.h"
#include "godwit/http2/hpack/decoder.h"

namespace godwit::http2 {

inline std::string text_of(const http::FieldViews& fields) {
  std::string text;
  for (const http::FieldView& field : fields) text += " " + std::string(field.name) + "=" + std::string(field.value);
  return text;
}

// Takes the bytes that an engine wrote apart, one line for each frame, so that tests compare lists:
// "HEADERS 1 end :status=200", "DATA 1 3 bytes end", "RST_STREAM 1 CANCEL", "GOAWAY 5 NO_ERROR ''", ...
class FrameLog {
 public:
  std::vector<std::string> take(std::string bytes) {
    std::vector<std::string> lines;
    if (bytes.starts_with(kClientPreface)) bytes.erase(0, kClientPreface.size());
    bytes_ += bytes;
    while (bytes_.size() >= kFrameHeaderSize) {
      const Bytes all = as_bytes(bytes_);
      const FrameHeader header = load_frame_header(all.data());
      if (bytes_.size() < kFrameHeaderSize + header.length) break;
      lines.push_back(line_of(header, all.subspan(kFrameHeaderSize, header.length)));
      bytes_.erase(0, kFrameHeaderSize + header.length);
    }
    return lines;
  }

 private:
  std::string line_of(const FrameHeader& header, Bytes payload) {
    std::string line(name_of(header.type));
    const auto code = [&](std::size_t at) {
      return std::string(name_of(static_cast<ErrorCode>(load_be32(payload.data() + at))));
    };
    if (header.type == FrameType::kSettings) {
      if (header.has(frame_flags::kAck)) line += " ack";
      for (; payload.size() >= 6; payload = payload.subspan(6)) {
        line += " " + std::to_string(load_be16(payload.data())) + "=" + std::to_string(load_be32(payload.data() + 2));
      }
    } else if (header.type == FrameType::kPing) {
      line += header.has(frame_flags::kAck) ? " ack" : "";
    } else if (header.type == FrameType::kGoaway) {
      line += " " + std::to_string(load_be32(payload.data())) + " " + code(4) + " '" +
              std::string(as_text(payload.subspan(8))) + "'";
    } else {
      line += " " + std::to_string(header.stream_id);
      if (header.type == FrameType::kRstStream) line += " " + code(0);
      if (header.type == FrameType::kWindowUpdate) line += " +" + std::to_string(load_be32(payload.data()));
      if (header.type == FrameType::kData) line += " " + std::to_string(payload.size()) + " bytes";
      if (header.type == FrameType::kData || header.type == FrameType::kHeaders) {
        if (header.has(frame_flags::kEndStream)) line += " end";
      }
      if (header.type == FrameType::kHeaders && header.has(frame_flags::kEndHeaders)) {
        http::FieldViews fields;
        line += decoder_.decode(payload, fields).ok() ? text_of(fields) : " undecodable";
      }
    }
    return line;
  }

  std::string bytes_;
  hpack::Decoder decoder_{4096, 1 << 20};
};

// Drives one engine by hand: bytes in, a list of events and a list of frames out. Hooks run inside events.
class Engine final : public ConnectionEvents {
 public:
  explicit Engine(Role role, const Options& options = {}) : connection(role, options, *this, now) {}

  // The bytes lie in a block, as those of a socket do, cut into pieces of `piece` bytes.
  void receive(std::string_view bytes, std::size_t piece = 1 << 20) {
    while (!bytes.empty()) {
      const std::size_t n = std::min(piece, bytes.size());
      connection.receive(Slice::copy_of(as_bytes(bytes.substr(0, n))), now);
      bytes.remove_prefix(n);
    }
  }
  // All bytes that are to be written, at most `most` of them.
  std::string output(std::size_t most = SIZE_MAX) {
    std::string bytes;
    OutputQueue& queue = connection.output();
    while (!queue.empty() && bytes.size() < most) {
      iovec piece;
      queue.gather({&piece, 1});
      const std::size_t n = std::min(piece.iov_len, most - bytes.size());
      bytes.append(static_cast<const char*>(piece.iov_base), n);
      queue.consume(n);
    }
    return bytes;
  }
  // The same as lines. Flushes before.
  std::vector<std::string> frames() {
    connection.flush(now);
    return log_.take(output());
  }
  std::vector<std::string> take_events() {
    std::vector<std::string> taken;
    taken.swap(events);
    return taken;
  }
  Stream* find(StreamId id) const {
    const auto at = std::find_if(streams.begin(), streams.end(), [&](Stream* s) { return s->id() == id; });
    return at == streams.end() ? nullptr : *at;
  }

  TimePoint now{};
  bool consume_at_once = true;
  std::vector<std::string> events;
  std::vector<Stream*> streams;  // that events were about and that are not closed
  std::string last_error;        // the text of on_connection_error
  ConnectionErrorKind last_error_kind{};
  std::function<void(Stream&, bool end)> request_hook;
  std::function<void(Stream&, const DataView&, bool end)> data_hook;
  std::function<void(Stream&)> closed_hook;
  std::function<void(Stream&)> writable_hook;
  Connection connection;

 private:
  void note(const std::string& line) { events.push_back(line); }
  static std::string name(const char* what, const Stream& s) {
    return std::string(what) + " " + std::to_string(s.id());
  }
  void know(Stream& stream) {
    if (!find(stream.id())) streams.push_back(&stream);
  }

  void on_headers(Stream& stream, HeadersKind kind, const http::FieldViews& fields, bool end) override {
    static constexpr const char* kNames[] = {"request", "informational", "response", "trailers"};
    know(stream);
    last_data_ = 0;
    note(name(kNames[static_cast<int>(kind)], stream) + text_of(fields) + (end ? " end" : ""));
    if (kind == HeadersKind::kRequest && request_hook) request_hook(stream, end);
  }
  void on_data(Stream& stream, const DataView& data, bool end) override {
    // Pieces of one stream that follow each other are one event: how they were cut is not a fact.
    if (last_data_ == stream.id() && !events.empty() && events.back().starts_with(name("data", stream))) {
      events.back() += std::string(as_text(data.bytes)) + (end ? " end" : "");
    } else {
      note(name("data", stream) + " " + std::string(as_text(data.bytes)) + (end ? " end" : ""));
    }
    last_data_ = stream.id();
    if (consume_at_once) connection.consume(stream, data.bytes.size());
    if (data_hook) data_hook(stream, data, end);
  }
  void on_reset(Stream& stream, const StreamReset& reset) override {
    static constexpr const char* kNames[] = {"peer", "engine", "unprocessed", "connection"};
    note(name("reset", stream) + " " + std::string(name_of(reset.code)) + " " + kNames[static_cast<int>(reset.cause)]);
    last_reset_text = std::string(reset.text);
  }
  void on_stream_closed(Stream& stream) override {
    note(name("closed", stream));
    std::erase(streams, &stream);
    if (closed_hook) closed_hook(stream);
  }
  void on_writable(Stream& stream) override {
    note(name("writable", stream));
    if (writable_hook) writable_hook(stream);
  }
  void on_goaway(std::uint32_t last_id, ErrorCode code, std::string_view text) override {
    note("goaway " + std::to_string(last_id) + " " + std::string(name_of(code)) + " '" + std::string(text) + "'");
  }
  void on_ping_ack(std::uint64_t opaque) override { note("ping_ack " + std::to_string(opaque)); }
  void on_may_open() override { note("may_open"); }
  void on_drained() override { note("drained"); }
  void on_connection_error(const ConnectionError& error) override {
    note("error " + std::string(name_of(error.code)));
    last_error = error.text;
    last_error_kind = error.kind;
  }

 public:
  std::string last_reset_text;

 private:
  StreamId last_data_ = 0;
  FrameLog log_;
};

}  // namespace godwit::http2

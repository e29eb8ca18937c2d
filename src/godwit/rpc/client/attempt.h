#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "godwit/base/block.h"
#include "godwit/http/exchange.h"
#include "godwit/rpc/client/response.h"
#include "godwit/rpc/message_assembler.h"
#include "godwit/rpc/status.h"

namespace godwit::rpc {

class Call;
class CallPool;
class ChannelCore;

// One try of a call: one exchange. Reads the response by the rules of PROTOCOL-HTTP2.md and tells the call; stays alive
// until both the call and the exchange have let go.
//
//   kHeaders --> kMessages --> kDone       a gRPC response
//      |  '----> kOtherBody --> kDone      another response: the begin of its body is kept for the status's text
//      '-------> kDone                     Trailers-Only, a reset, the caller's end
class Attempt final : public http::ExchangeEvents {
 public:
  // The call's side. take_over(): a new attempt. After leave() the call hears nothing; an exchange that is not complete
  // is reset.
  void take_over(Call& call, ChannelCore& channel);
  void opened(http::Exchange& exchange) { exchange_ = &exchange; }
  void leave();

  void send(Bytes bytes, bool end) {
    if (exchange_) exchange_->send_body(bytes, end);
  }
  void send(const Slice& slice, bool end) {
    if (exchange_) exchange_->send_body(slice, end);
  }
  std::size_t queued() const { return exchange_ ? exchange_->queued() : 0; }
  // The next whole message that has been received. False: there is none, or it can't be had and the call has failed.
  bool take(Slice& message);
  // The call waits for a message: what is on its way may come.
  void wanted();
  // Messages are dropped from now on, those that wait too.
  void discard();
  // "ipv4:127.0.0.1:80", while the exchange lives.
  std::string_view peer() const;

 private:
  friend class CallPool;
  class Event;
  enum class Phase : std::uint8_t { kHeaders, kMessages, kOtherBody, kDone };

  void on_headers(http::HeadersKind kind, const http::FieldViews& fields, bool end) override;
  void on_body(const http::BodyView& body, bool end) override;
  void on_writable() override;
  void on_reset(http::ResetReason reason, std::string_view detail) override;
  void on_closed() override;

  void on_response(const http::FieldViews& fields, bool end);
  void on_trailers(const http::FieldViews& fields);
  void take_messages(const http::BodyView& body);
  void buffer(Bytes rest, const http::BodyView& body);
  Status problem_with(MessageAssembler::Outcome outcome) const;
  Status too_large(std::size_t length) const;
  Status unexpected_response() const;
  // The response is complete.
  void complete(Status&& status);
  void end(Status&& status, bool unprocessed);
  void credit(std::size_t up_to) {
    if (exchange_ && up_to > credited_) {
      exchange_->consumed(up_to - credited_);
      credited_ = up_to;
    }
  }
  void recycle_if_done();

  // Slices shorter than this are gathered in blocks of our own when they have to wait, so that a few bytes do not pin a
  // receive buffer.
  static constexpr std::size_t kCopyBytes = 2048;
  // A slow reader gives room back in steps of this many bytes.
  static constexpr std::size_t kCreditStep = 16 * 1024;
  static constexpr std::size_t kShownBody = 128;

  Call* call_ = nullptr;
  ChannelCore* channel_ = nullptr;
  http::Exchange* exchange_ = nullptr;
  int events_ = 0;  // running
  Phase phase_ = Phase::kHeaders;
  std::size_t received_ = 0;   // bytes of the body
  std::size_t delivered_ = 0;  // of these, handed out
  std::size_t credited_ = 0;   // of these, given back to the peer
  MessageAssembler assembler_;
  BlockRef tail_;  // where small slices are gathered
  std::size_t tail_used_ = 0;

  // Of responses that are not what they should be.
  int http_status_ = 0;
  std::string content_type_;
  std::string body_;
  Attempt* next_free_ = nullptr;
  CallPool* pool_ = nullptr;
};

}  // namespace godwit::rpc

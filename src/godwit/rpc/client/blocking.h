#pragma once

#include <memory>

#include "godwit/base/block.h"
#include "godwit/base/bytes.h"
#include "godwit/rpc/client/channel.h"
#include "godwit/rpc/client/context.h"
#include "godwit/rpc/client/method.h"
#include "godwit/rpc/status.h"

// Calls for threads that wait. The channel's loop must run on another thread until they return: on the loop's own
// thread they fail with FAILED_PRECONDITION at once. Channel, method and context outlive the call; the context's
// results may be read when the call has returned.
namespace godwit::rpc {

struct BlockingReply {
  Status status;
  Slice message;  // of the reply, when the status is OK
};
// `framed`: 5 bytes of prefix and the message.
BlockingReply blocking_unary(Channel& channel, const ClientMethod& method, ClientContext* context, Bytes framed,
                             MessageHandle request = {});
BlockingReply blocking_unary(Channel& channel, const ClientMethod& method, ClientContext* context, Slice framed,
                             MessageHandle request = {});
BlockingReply blocking_unary(Channel& channel, const ClientMethod& method, ClientContext* context, Slices framed,
                             MessageHandle request = {});

// A call with any number of messages each way. One thread may read while another writes; otherwise it is for one thread
// at a time. Destroying it cancels a call that runs, and waits for the loop to let go of it.
class BlockingCall {
 public:
  BlockingCall(Channel& channel, const ClientMethod& method, ClientContext* context);
  ~BlockingCall();
  BlockingCall(const BlockingCall&) = delete;
  BlockingCall& operator=(const BlockingCall&) = delete;

  // Waits while too much is on its way (Exchange::kHighWater). False: the call has ended, writing is of no use.
  // Messages that several threads or quick writes put in are sent together. `framed` as above.
  bool write(Bytes framed);
  bool write(Slice framed);
  bool write(Slices framed);
  void close_sending();
  // Waits for the next message. False: there are no more, finish() tells why.
  bool read(Slice& message);
  // Waits for the status. Messages that were not read are dropped; close_sending() is implied.
  Status finish();
  // Any thread.
  void cancel();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace godwit::rpc

// Length-prefixed messages: however a body is cut into pieces, the same messages come out, and limits hold.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "godwit/rpc/message_assembler.h"

namespace {

using godwit::Bytes;
using godwit::Slice;
using godwit::rpc::MessageAssembler;

constexpr std::size_t kLimit = 4096;

void check(bool fine) {
  if (!fine) std::abort();
}

struct Outcome {
  std::vector<std::string> messages;  // with the compressed flag in front
  MessageAssembler::Outcome end = MessageAssembler::Outcome::kNeedMore;
  bool at_boundary = false;
  bool operator==(const Outcome&) const = default;
};

// Pieces of `step` bytes, or of lengths taken from the body itself when `step` is 0; `late`: all is added before any is
// read.
Outcome run(MessageAssembler& assembler, Bytes body, std::size_t step, bool late) {
  MessageAssembler::Message message;
  Outcome outcome;
  const Slice whole = step == 1 ? Slice::copy_of(body) : Slice();
  auto read = [&] {
    while ((outcome.end = assembler.next(message, kLimit)) == MessageAssembler::Outcome::kMessage) {
      outcome.messages.push_back((message.compressed ? "1" : "0") +
                                 std::string(godwit::as_text(message.bytes.bytes())));
    }
    check(outcome.end != MessageAssembler::Outcome::kTooLarge || assembler.length() > kLimit);
  };
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t wanted = step != 0 ? step : std::size_t{1} + body[at] % 32u;
    const std::size_t n = std::min(wanted, body.size() - at);
    // Single bytes are parts of one block: a block for each costs too much.
    assembler.add(step == 1 ? whole.part(at, n) : Slice::copy_of(body.subspan(at, n)));
    at += n;
    check(assembler.buffered() <= at);
    if (late) continue;
    read();
    if (outcome.end != MessageAssembler::Outcome::kNeedMore) return outcome;  // nothing more can be read
  }
  read();
  outcome.at_boundary = outcome.end == MessageAssembler::Outcome::kNeedMore && assembler.at_boundary();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes body(data, size);
  MessageAssembler first;
  const Outcome whole = run(first, body, size + 1, false);
  MessageAssembler again;  // is used again and again, wherever the body before it ended
  for (const bool late : {false, true}) {
    check(run(again, body, 1, late).messages == whole.messages);
    again.reset();
    check(again.at_boundary() && again.buffered() == 0);
    const Outcome cut = run(again, body, 0, late);
    check(cut.messages == whole.messages && cut.end == whole.end);
    again.reset();
  }
  for (const std::string& message : whole.messages) check(message.size() <= kLimit + 1);

  MessageAssembler assembler;
  Bytes message;
  if (assembler.try_whole(body, kLimit, message)) {
    check(whole.messages.size() == 1 && whole.at_boundary);
    check(whole.messages[0] == "0" + std::string(godwit::as_text(message)));
  }
  return 0;
}

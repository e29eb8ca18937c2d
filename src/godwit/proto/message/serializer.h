#pragma once

#include <cstddef>
#include <string>

#include "godwit/base/block.h"
#include "godwit/base/output_queue.h"
#include "godwit/proto/message/message.h"
#include "godwit/proto/wire/backward_writer.h"

namespace godwit::proto {

struct SerializeOptions {
  // Map entries sorted by key, so that equal messages give equal bytes in this version of the library. Otherwise they
  // come as they were inserted.
  bool deterministic = false;
};

// Writes the message in front of what the writer holds and returns its size. Fields come in the order of their numbers,
// unknown fields last. Only reads the message: several threads may serialize it at once. A result of more than
// kMaxMessageBytes is not a valid message; the caller must check.
std::size_t serialize_backwards(const Message& message, BackwardWriter& writer, const SerializeOptions& options = {});

// These return false, and append nothing, above 2 GiB.
bool append_serialized(const Message& message, OutputQueue& out, const SerializeOptions& options = {});
bool append_serialized(const Message& message, std::string& out, const SerializeOptions& options = {});
// Empty above 2 GiB.
Slice serialize(const Message& message, const SerializeOptions& options = {});

}  // namespace godwit::proto

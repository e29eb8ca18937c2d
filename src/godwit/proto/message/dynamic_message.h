#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "godwit/base/arena.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/proto/message/message.h"
#include "godwit/proto/schema/descriptor.h"

namespace godwit::proto {

// Message types made at run time from descriptors: the same tables that generated code carries, so that the whole codec
// works on them. Making a table is not thread-safe; messages may then be used as generated ones. Lives no longer than
// the descriptors' pool, and longer than every message of its types.
class DynamicTypes {
 public:
  DynamicTypes();
  DynamicTypes(const DynamicTypes&) = delete;
  DynamicTypes& operator=(const DynamicTypes&) = delete;
  ~DynamicTypes();

  // The table of a message type, made with those of all types that it can hold at the first call. Fails when an object
  // would be too large (more than kMaxObjectBytes): the message has too many fields; and for the entry of a map.
  Result<const MessageTable*, Error> table(const MessageDescriptor& type);

 private:
  class Builder;
  struct Known;
  Arena memory_;
  std::unique_ptr<Known> known_;
};

// A message of a dynamic type that owns its memory.
class DynamicMessage {
 public:
  // `table` comes from DynamicTypes, or is that of a generated class.
  explicit DynamicMessage(const MessageTable& table) : arena_(std::make_unique<Arena>()), message_(Message::create(table, *arena_)) {}

  Message& operator*() const { return *message_; }
  Message* operator->() const { return message_; }
  Message* get() const { return message_; }
  // Back to an empty message, with the memory given back.
  void Clear() {
    const MessageTable& table = message_->Table();
    arena_->reset();
    message_ = Message::create(table, *arena_);
  }

 private:
  std::unique_ptr<Arena> arena_;
  Message* message_;
};

}  // namespace godwit::proto

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "godwit/base/error.h"
#include "godwit/base/json_error.h"
#include "godwit/base/result.h"

namespace godwit::cli {

// Cuts text that comes piece by piece into JSON values: a value is given out as soon as its last byte is there. It
// looks at brackets and quotes only; what a value holds is the parser's business.
class JsonValueSplitter {
 public:
  struct Value {
    std::string text;
    JsonPosition start;  // in the whole input
  };

  void feed(std::string_view bytes);
  // Nothing: feed more. After finish() also what is left, complete or not.
  std::optional<Value> next();
  void finish() { finished_ = true; }
  // Bytes of the value that has begun.
  std::size_t pending() const { return buffer_.size() - begin_; }

 private:
  void advance(char c);
  Value take(std::size_t end);

  std::string buffer_;
  std::size_t begin_ = 0;    // of the value, or of what was not looked at
  std::size_t scanned_ = 0;  // where to go on looking
  std::size_t depth_ = 0;
  bool in_value_ = false, in_string_ = false, escaped_ = false, scalar_ = false;
  bool finished_ = false;
  JsonPosition here_, start_;  // of scanned_, and of the value
};

// The messages that -d names, read while they come.
class MessageInput {
 public:
  // A value longer than this is refused; a message's JSON is longer than the message, which has at most 2 GiB.
  static constexpr std::size_t kMaxValueBytes = std::size_t{1} << 30;

  // `data` as behind -d: JSON, "@FILE" or "-".
  static Result<MessageInput, Error> open(const std::string& data);
  MessageInput(MessageInput&& other) noexcept;
  MessageInput& operator=(MessageInput&&) = delete;
  ~MessageInput();

  // The next value; nothing at the end. Waits for it until `stop_descriptor` (may be -1) becomes readable, which counts
  // as the end.
  Result<std::optional<JsonValueSplitter::Value>, Error> next(int stop_descriptor);

  bool is_terminal() const;
  // "standard input", a file's name or "-d": for errors.
  const std::string& name() const { return name_; }

 private:
  MessageInput(std::string name, int descriptor) : name_(std::move(name)), descriptor_(descriptor) {}
  std::string name_;
  int descriptor_;  // -1: all is fed
  bool ended_ = false;
  JsonValueSplitter splitter_;
};

// "standard input:4:17: articles[3].title: expected string, got number".
std::string error_text(const MessageInput& input, const JsonPosition& start, const JsonError& error);

}  // namespace godwit::cli

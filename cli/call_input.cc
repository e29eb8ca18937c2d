#include "cli/call_input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace godwit::cli {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

void JsonValueSplitter::feed(std::string_view bytes) {
  if (begin_ > 0 && begin_ == scanned_) {  // nothing has begun: drop what was given out
    buffer_.erase(0, begin_);
    begin_ = scanned_ = 0;
  }
  buffer_ += bytes;
}

void JsonValueSplitter::advance(char c) {
  ++scanned_;
  ++here_.offset;
  if (c == '\n') {
    ++here_.line;
    here_.column = 1;
  } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
    ++here_.column;
  }
}

JsonValueSplitter::Value JsonValueSplitter::take(std::size_t end) {
  Value value{buffer_.substr(begin_, end - begin_), start_};
  begin_ = end;
  in_value_ = in_string_ = escaped_ = scalar_ = false;
  depth_ = 0;
  return value;
}

std::optional<JsonValueSplitter::Value> JsonValueSplitter::next() {
  while (scanned_ < buffer_.size()) {
    const char c = buffer_[scanned_];
    if (!in_value_) {
      if (is_space(c)) {
        advance(c);
        begin_ = scanned_;
        continue;
      }
      in_value_ = true;
      start_ = here_;
      begin_ = scanned_;
      scalar_ = c != '{' && c != '[' && c != '"';
    } else if (scalar_ && (is_space(c) || c == '{' || c == '[' || c == '"')) {
      return take(scanned_);
    }
    advance(c);
    if (scalar_) continue;
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
        if (depth_ == 0) return take(scanned_);
      }
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if ((c == '}' || c == ']') && --depth_ == 0) {
      return take(scanned_);
    }
  }
  if (finished_ && in_value_) return take(scanned_);
  return std::nullopt;
}

Result<MessageInput, Error> MessageInput::open(const std::string& data) {
  if (data == "-") return MessageInput("standard input", STDIN_FILENO);
  if (data.starts_with('@')) {
    const std::string path = data.substr(1);
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return Failure(error_from_errno("-d @" + path, errno));
    struct stat info{};
    if (::fstat(descriptor, &info) == 0 && S_ISDIR(info.st_mode)) {
      ::close(descriptor);
      return Failure(error_from_errno("-d @" + path, EISDIR));
    }
    return MessageInput(path, descriptor);
  }
  MessageInput input("-d", -1);
  input.splitter_.feed(data);
  input.splitter_.finish();
  input.ended_ = true;
  return input;
}

MessageInput::MessageInput(MessageInput&& other) noexcept
    : name_(std::move(other.name_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      ended_(other.ended_),
      splitter_(std::move(other.splitter_)) {}

MessageInput::~MessageInput() {
  if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
}

bool MessageInput::is_terminal() const { return descriptor_ >= 0 && ::isatty(descriptor_) == 1; }

Result<std::optional<JsonValueSplitter::Value>, Error> MessageInput::next(int stop_descriptor) {
  char bytes[65536];
  while (true) {
    if (auto value = splitter_.next()) return value;
    if (ended_) return std::optional<JsonValueSplitter::Value>();
    if (splitter_.pending() > kMaxValueBytes) return Failure(Error(name_ + ": a JSON value of more than 1 GiB"));
    pollfd wait[2] = {{descriptor_, POLLIN, 0}, {stop_descriptor, POLLIN, 0}};
    if (::poll(wait, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return Failure(error_from_errno(name_, errno));
    }
    if (wait[1].revents != 0) return std::optional<JsonValueSplitter::Value>();
    const ssize_t n = ::read(descriptor_, bytes, sizeof bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return Failure(error_from_errno(name_, errno));
    if (n == 0) {
      ended_ = true;
      splitter_.finish();
    } else {
      splitter_.feed({bytes, static_cast<std::size_t>(n)});
    }
  }
}

std::string error_text(const MessageInput& input, const JsonPosition& start, const JsonError& error) {
  JsonError moved = error;
  if (error.position.line == 1) moved.position.column += start.column - 1;
  moved.position.line += start.line - 1;
  return input.name() + ":" + moved.to_text();
}

}  // namespace godwit::cli

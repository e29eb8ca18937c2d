#include "godwit/compiler/lexer/comments.h"

namespace godwit::compiler {
namespace {

// Gathers comments as they are met and decides where each goes.
class Collector {
 public:
  explicit Collector(CommentsBetween& out) : out_(out) {}

  std::string& line_comment() {
    if (pending_ && !pending_is_line_) flush();
    pending_ = pending_is_line_ = true;
    return text_;
  }
  std::string& block_comment() {
    if (pending_) flush();
    pending_ = true;
    pending_is_line_ = false;
    return text_;
  }
  void drop() {
    text_.clear();
    pending_ = false;
  }
  void flush() {
    if (!pending_) return;
    if (can_trail_) {
      out_.trailing += text_;
      has_trailing_ = true;
      can_trail_ = false;
    } else {
      out_.detached.push_back(text_);
    }
    ++flushed_;
    drop();
  }
  void detach_from_previous() { can_trail_ = false; }
  // The next token stands on the line of the previous one's comment: a single comment could belong to either, so it
  // belongs to neither.
  void detach_if_single() {
    if (flushed_ + (pending_ ? 1 : 0) != 1) return;
    if (has_trailing_) {
      out_.detached.insert(out_.detached.begin(), out_.trailing);
      out_.trailing.clear();
    }
    can_trail_ = false;
    flush();
  }
  void finish() {
    if (pending_) out_.leading = text_;
  }

 private:
  CommentsBetween& out_;
  std::string text_;
  int flushed_ = 0;
  bool pending_ = false, pending_is_line_ = false, can_trail_ = true, has_trailing_ = false;
};

class Scanner {
 public:
  Scanner(std::string_view text, std::size_t at, std::size_t end) : text_(text), at_(at), end_(end) {}

  bool done() const { return at_ >= end_; }
  bool at_line_comment() const { return text_.substr(at_, 2) == "//" && !done(); }
  bool at_block_comment() const { return text_.substr(at_, 2) == "/*" && !done(); }
  void skip_blanks() {
    while (!done() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\v' || text_[at_] == '\f')) ++at_;
  }
  bool take_newline() {
    if (done() || text_[at_] != '\n') return false;
    ++at_;
    ++line_;
    return true;
  }
  void line_comment(std::string& out) {
    at_ += 2;
    std::size_t end = text_.find('\n', at_);
    end = end == std::string_view::npos ? text_.size() : end + 1;
    out += text_.substr(at_, end - at_);
    if (text_[end - 1] == '\n') ++line_;
    at_ = end;
  }
  void block_comment(std::string& out) {
    at_ += 2;
    while (at_ < text_.size()) {
      if (text_.substr(at_, 2) == "*/") {
        at_ += 2;
        return;
      }
      char c = text_[at_++];
      out += c;
      if (c == '\n') {
        ++line_;
        skip_blanks();
        if (at_ < text_.size() && text_[at_] == '*') {
          ++at_;
          if (at_ < text_.size() && text_[at_] == '/') {
            ++at_;
            return;
          }
        }
      }
    }
  }
  void skip() { ++at_; }
  int line() const { return line_; }

 private:
  std::string_view text_;
  std::size_t at_, end_;
  int line_ = 0;
};

void scan(const TokenList& tokens, TokenIndex before, CommentsBetween& out) {
  std::string_view text = tokens.file->text();
  bool first = before == kNoToken;
  TokenIndex next = first ? 0 : before + 1;
  if (next >= tokens.tokens.size()) return;
  std::size_t from = 0;
  if (first) {
    if (text.starts_with("\xEF\xBB\xBF")) from = 3;
  } else {
    from = tokens.tokens[before].offset + tokens.tokens[before].length;
  }
  Collector collector(out);
  Scanner s(text, from, tokens.tokens[next].offset);
  int trailing_comment_end_line = 0;  // counted from the line of the previous token
  if (first) {
    collector.detach_from_previous();
  } else {
    s.skip_blanks();
    if (s.at_line_comment()) {
      trailing_comment_end_line = s.line();
      s.line_comment(collector.line_comment());
      collector.flush();
    } else if (s.at_block_comment()) {
      s.block_comment(collector.block_comment());
      trailing_comment_end_line = s.line();
      collector.flush();
    } else if (!s.take_newline()) {
      return;
    }
  }
  while (true) {
    s.skip_blanks();
    if (s.at_line_comment()) {
      s.line_comment(collector.line_comment());
    } else if (s.at_block_comment()) {
      s.block_comment(collector.block_comment());
      s.skip_blanks();
      s.take_newline();
    } else if (s.take_newline()) {
      collector.flush();
      collector.detach_from_previous();
    } else if (!s.done()) {
      s.skip();  // a byte that the lexer has complained about
    } else {
      std::string_view token = tokens.text(next);
      bool end_of_scope = token == "}" || token == "]" || token == ")";
      bool end = tokens.tokens[next].kind == TokenKind::kEnd;
      if (end || end_of_scope) collector.flush();
      if (!first && !end && (s.line() == 0 || s.line() == trailing_comment_end_line)) collector.detach_if_single();
      break;
    }
  }
  collector.finish();
}

}  // namespace

CommentsBetween comments_after(const TokenList& tokens, TokenIndex before) {
  CommentsBetween out;
  scan(tokens, before, out);
  return out;
}

}  // namespace godwit::compiler

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace godwit::compiler {

// A place in a source: lines and columns count from 0. Columns count bytes, except that a tab leads to the next multiple
// of eight: the way protoc counts, so that editors and scripts made for it keep working.
struct Position {
  std::uint32_t line = 0, column = 0;
  auto operator<=>(const Position&) const = default;
};

// A piece of a source, from the first byte's place up to, not including, `end`.
struct SourceSpan {
  Position begin, end;
};

// The text of one .proto file and its two names. Immutable.
class SourceFile {
 public:
  // `name` is the import name ("shop/v1/a.proto"), `path` what a person sees in messages (usually the path on disk).
  SourceFile(std::string name, std::string path, std::string text)
      : name_(std::move(name)), path_(std::move(path)), text_(std::move(text)) {}
  SourceFile(const SourceFile&) = delete;
  SourceFile& operator=(const SourceFile&) = delete;

  const std::string& name() const { return name_; }
  const std::string& path() const { return path_; }
  std::string_view text() const { return text_; }
  // The text of a line without its end; "" past the last one. Linear in the file: for messages only.
  std::string_view line(std::uint32_t number) const;

 private:
  std::string name_, path_, text_;
};

}  // namespace godwit::compiler

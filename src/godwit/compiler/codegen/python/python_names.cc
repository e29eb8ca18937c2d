#include "godwit/compiler/codegen/python/python_names.h"

#include <algorithm>
#include <array>

#include "godwit/compiler/codegen/generator.h"

namespace godwit::compiler::python {
namespace {

std::string replaced(std::string_view text, char from, std::string_view to) {
  std::string out;
  for (const char c : text) {
    if (c == from) {
      out += to;
    } else {
      out += c;
    }
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

void add_comment(std::string_view text, std::vector<std::string>& lines) {
  if (text.empty()) return;
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (std::string_view line : split(text, '\n')) {
    while (line.ends_with(' ') || line.ends_with('\r') || line.ends_with('\t')) line.remove_suffix(1);
    while (line.starts_with(' ')) line.remove_prefix(1);
    lines.emplace_back(line);
  }
}

}  // namespace

bool is_keyword(std::string_view word) {
  static constexpr std::array<std::string_view, 36> kKeywords = {
      "False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
      "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
      "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
      "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield",    "__debug__"};
  return std::find(kKeywords.begin(), kKeywords.end(), word) != kKeywords.end();
}

bool is_identifier(std::string_view word) {
  if (word.empty() || (word.front() >= '0' && word.front() <= '9') || is_keyword(word)) return false;
  return std::all_of(word.begin(), word.end(), [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

std::string safe_name(std::string_view name) { return std::string(name) + (is_keyword(name) ? "_" : ""); }

std::string module_name(std::string_view file_name) {
  const std::string flat = replaced(replaced(strip_proto_extension(file_name), '-', "_"), '/', ".");
  return flat + "_pb2";
}

bool is_importable(std::string_view module) {
  const std::vector<std::string_view> parts = split(module, '.');
  return std::all_of(parts.begin(), parts.end(), is_identifier);
}

std::string output_stem(std::string_view file_name) { return replaced(module_name(file_name), '.', "/"); }

std::string module_alias(std::string_view file_name) {
  std::string alias;
  for (const char c : replaced(replaced(module_name(file_name), '_', "__"), '.', "_dot_")) {
    alias += is_identifier(std::string("x") + c) ? c : '_';
  }
  return alias.front() >= '0' && alias.front() <= '9' ? "_" + alias : alias;
}

bool comes_with_protobuf(std::string_view file_name) { return file_name.starts_with("google/protobuf/"); }

RelativePlace relative_place(std::string_view importer, std::string_view file_name) {
  const std::string from_module = module_name(importer);
  const std::string to_module = module_name(file_name);
  std::vector<std::string_view> from = split(from_module, '.');
  std::vector<std::string_view> to = split(to_module, '.');
  from.pop_back();
  std::size_t common = 0;
  while (common < from.size() && common + 1 < to.size() && from[common] == to[common]) ++common;
  RelativePlace place;
  place.up = static_cast<int>(from.size() - common);
  for (std::size_t i = common; i < to.size(); ++i) place.path += (i == common ? "" : ".") + std::string(to[i]);
  return place;
}

std::string class_path(const proto::MessageDescriptor& type) {
  const std::string outer = type.containing_type() == nullptr ? "" : class_path(*type.containing_type()) + ".";
  return outer + std::string(type.name());
}

std::string class_path(const proto::EnumDescriptor& type) {
  const std::string outer = type.containing_type() == nullptr ? "" : class_path(*type.containing_type()) + ".";
  return outer + std::string(type.name());
}

std::string member_expression(std::string module, std::string_view path) {
  for (const std::string_view part : split(path, '.')) {
    module =
        is_keyword(part) ? "getattr(" + module + ", '" + std::string(part) + "')" : module + "." + std::string(part);
  }
  return module;
}

std::string escape_bytes(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\'' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    } else {
      out += c;
    }
  }
  return out;
}

std::string escape_docstring(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    // A single quote inside of a line does no harm.
    const bool ends_docstring = c == '"' && (i + 1 == text.size() || text[i + 1] == '"');
    if (c == '\\' || ends_docstring) out += '\\';
    if (c != '\0' && c != '\r') out += c;
  }
  return out;
}

std::vector<std::string> comment_lines(const proto::Comments& comments) {
  std::vector<std::string> lines;
  for (const std::string_view detached : comments.detached) {
    add_comment(detached, lines);
    lines.emplace_back();
  }
  add_comment(comments.leading, lines);
  add_comment(comments.trailing, lines);
  return lines;
}

}  // namespace godwit::compiler::python

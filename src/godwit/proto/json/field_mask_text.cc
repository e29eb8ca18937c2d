#include "godwit/proto/json/field_mask_text.h"

namespace godwit::proto {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char to_upper(char c) { return static_cast<char>(c - 'a' + 'A'); }
char to_lower(char c) { return static_cast<char>(c - 'A' + 'a'); }

}  // namespace

const char* append_json_mask_path(std::string& out, std::string_view path) {
  if (path.empty()) return "an empty path in a field mask";
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '_') {
      if (++i == path.size() || !is_lower(path[i])) return "a path in which \"_\" is not followed by a small letter has no JSON form";
      out += to_upper(path[i]);
    } else if (is_lower(c) || is_digit(c) || c == '.') {
      out += c;
    } else if (is_upper(c)) {
      return "a path with capital letters has no JSON form";
    } else {
      return "a path with characters other than small letters, digits, \"_\" and \".\" has no JSON form";
    }
  }
  return nullptr;
}

const char* append_mask_path_of_json(std::string& out, std::string_view json) {
  if (json.empty()) return "an empty path in a field mask";
  for (const char c : json) {
    if (is_upper(c)) {
      out += '_';
      out += to_lower(c);
    } else if (is_lower(c) || is_digit(c) || c == '.') {
      out += c;
    } else if (c == '_') {
      return "paths of a field mask are written in lowerCamelCase, without \"_\"";
    } else {
      return "a path of a field mask has only letters, digits and \".\"";
    }
  }
  return nullptr;
}

}  // namespace godwit::proto

#include "godwit/http2/hpack/field_check.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace godwit::http2::hpack {
namespace {

constexpr std::array<bool, 256> kNameBytes = [] {
  std::array<bool, 256> good{};
  for (int c = 0x21; c < 0x7f; ++c) good[c] = !(c >= 'A' && c <= 'Z') && c != ':';
  return good;
}();

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = 0x8080808080808080;

// Not 0 exactly if one of the 8 bytes is below 0x10 (where NUL, LF and CR are, and the tab, which is seldom).
std::uint64_t bytes_below_16(std::uint64_t word) { return (word - kOnes * 0x10) & ~word & kHighs; }

bool has_forbidden(const char* p, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    if (p[i] == '\0' || p[i] == '\n' || p[i] == '\r') return true;
  }
  return false;
}

std::uint64_t load(const char* p) {
  std::uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

}  // namespace

bool valid_name(std::string_view name) {
  if (name.empty()) return false;
  std::size_t i = name.front() == ':' ? 1 : 0;
  if (i == name.size()) return false;
  bool good = true;
  for (; i < name.size(); ++i) good &= kNameBytes[static_cast<unsigned char>(name[i])];
  return good;
}

bool blank_at_edge(std::string_view value) {
  auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  return !value.empty() && (is_blank(value.front()) || is_blank(value.back()));
}

bool valid_characters(std::string_view value) {
  const char* p = value.data();
  std::size_t left = value.size();
  if (left < 8) return !has_forbidden(p, left);
  std::uint64_t seen = bytes_below_16(load(p + left - 8));
  for (; left > 8; left -= 8, p += 8) seen |= bytes_below_16(load(p));
  return seen == 0 || !has_forbidden(value.data(), value.size());
}

}  // namespace godwit::http2::hpack

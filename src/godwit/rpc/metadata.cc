#include "godwit/rpc/metadata.h"

#include <algorithm>
#include <array>
#include <utility>

namespace godwit {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> kReverse = [] {
  std::array<std::int8_t, 256> table{};
  for (auto& v : table) v = -1;
  for (int i = 0; i < 64; ++i) table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  table['-'] = 62;  // the URL alphabet is accepted too
  table['_'] = 63;
  return table;
}();

// Decodes padded or unpadded base64 into `out`, which has room for text.size() * 3 / 4 bytes. -1 when it is not base64.
std::ptrdiff_t decode_base64(std::string_view text, char* out) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() % 4 == 1) return -1;
  char* const begin = out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int v = kReverse[static_cast<unsigned char>(c)];
    if (v < 0) return -1;
    bits = bits << 6 | static_cast<std::uint32_t>(v);
    if ((count += 6) >= 8) {
      count -= 8;
      *out++ = static_cast<char>(bits >> count);
    }
  }
  return out - begin;
}

bool is_binary(std::string_view key) { return key.ends_with("-bin"); }

std::string shown(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, 64)) out += (c >= 0x20 && c < 0x7f) ? c : '?';
  return out += '\'';
}

}  // namespace

Metadata::Metadata(const Metadata& other) { *this = other; }

Metadata& Metadata::operator=(const Metadata& other) {
  if (this == &other) return *this;
  size_ = 0;
  problem_ = other.problem_;
  for (const Entry& e : other) append(e.key, e.value, true);
  return *this;
}

Metadata::Metadata(Metadata&& other) noexcept { *this = std::move(other); }

Metadata& Metadata::operator=(Metadata&& other) noexcept {
  std::swap(entries_, other.entries_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  std::swap(arena_, other.arena_);
  std::swap(owns_arena_, other.owns_arena_);
  std::swap(problem_, other.problem_);
  return *this;
}

Metadata::~Metadata() {
  if (owns_arena_) delete arena_;
}

void Metadata::rebind(Arena& arena) {
  if (owns_arena_) delete std::exchange(arena_, nullptr);
  owns_arena_ = false;
  arena_ = &arena;
  entries_ = nullptr;
  size_ = capacity_ = 0;
  if (!problem_.empty()) problem_.clear();
}

Arena& Metadata::arena() {
  if (!arena_) {
    arena_ = new Arena;
    owns_arena_ = true;
  }
  return *arena_;
}

void Metadata::append(std::string_view key, std::string_view value, bool copy_key) {
  Arena& memory = arena();
  if (size_ == capacity_) {
    const std::uint32_t wanted = capacity_ == 0 ? 8 : capacity_ * 2;
    auto* grown = static_cast<Entry*>(memory.allocate(wanted * sizeof(Entry), alignof(Entry)));
    std::copy(entries_, entries_ + size_, grown);
    entries_ = grown;
    capacity_ = wanted;
  }
  entries_[size_++] = {copy_key ? memory.copy(key) : key, memory.copy(value)};
}

bool Metadata::add(std::string_view key, std::string_view value, bool reserved) {
  auto refuse = [&](std::string why) {
    if (problem_.empty()) problem_ = "metadata key " + shown(key) + ": " + why;
    return false;
  };
  if (key.empty()) return refuse("a key must not be empty");
  std::string lowered(key);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    if (!fine) return refuse("only letters, digits, '_', '-' and '.' are allowed");
  }
  if (!reserved && lowered.starts_with("grpc-")) return refuse("keys that begin with 'grpc-' belong to the protocol");
  if (http::is_protocol_field(http::token_of(lowered))) return refuse("this field belongs to the protocol");
  if (!is_binary(lowered)) {
    for (const char c : value) {
      if (c < 0x20 || c > 0x7e) return refuse("the value has bytes outside printable ASCII; end the key in '-bin' to send bytes");
    }
    if (!reserved && !value.empty() && (value.front() == ' ' || value.back() == ' ')) {
      return refuse("the value begins or ends with a space, which HTTP does not keep; end the key in '-bin' to send bytes");
    }
  }
  append(lowered, value, true);
  return true;
}

bool Metadata::add_received(std::string_view key, std::string_view value) {
  if (!is_binary(key)) {
    append(key, value, true);
    return true;
  }
  const std::uint32_t before = size_;
  Arena& memory = arena();
  for (;;) {
    const std::size_t comma = value.find(',');
    const std::string_view one = value.substr(0, comma);
    char* out = static_cast<char*>(memory.allocate(one.size() * 3 / 4 + 1, 1));
    const std::ptrdiff_t n = decode_base64(one, out);
    if (n < 0) {
      size_ = before;
      return false;
    }
    append(key, {}, true);
    entries_[size_ - 1].value = {out, static_cast<std::size_t>(n)};
    if (comma == std::string_view::npos) return true;
    value.remove_prefix(comma + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  }
}

std::optional<std::string_view> Metadata::find(std::string_view key) const {
  for (const Entry& e : *this) {
    if (e.key == key) return e.value;
  }
  return std::nullopt;
}

std::size_t Metadata::count(std::string_view key) const {
  return static_cast<std::size_t>(std::count_if(begin(), end(), [&](const Entry& e) { return e.key == key; }));
}

std::string_view encode_binary_value(std::string_view bytes, Arena& arena) {
  if (bytes.empty()) return {};
  char* const begin = static_cast<char*>(arena.allocate((bytes.size() * 4 + 2) / 3, 1));
  char* out = begin;
  const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, p += 3) {
    const std::uint32_t v = std::uint32_t{p[0]} << 16 | std::uint32_t{p[1]} << 8 | p[2];
    *out++ = kAlphabet[v >> 18];
    *out++ = kAlphabet[v >> 12 & 63];
    *out++ = kAlphabet[v >> 6 & 63];
    *out++ = kAlphabet[v & 63];
  }
  if (left == 2) {
    const std::uint32_t v = std::uint32_t{p[0]} << 8 | p[1];
    *out++ = kAlphabet[v >> 10];
    *out++ = kAlphabet[v >> 4 & 63];
    *out++ = kAlphabet[v << 2 & 63];
  } else if (left == 1) {
    *out++ = kAlphabet[p[0] >> 2];
    *out++ = kAlphabet[p[0] << 4 & 63];
  }
  return {begin, static_cast<std::size_t>(out - begin)};
}

}  // namespace godwit

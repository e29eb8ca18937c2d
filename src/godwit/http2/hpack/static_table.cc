#include "godwit/http2/hpack/static_table.h"

#include <array>
#include <cstddef>

namespace godwit::http2::hpack {
namespace {

using http::FieldToken;

constexpr StaticEntry entry(std::string_view name, std::string_view value, FieldToken token = FieldToken::kOther) {
  return {{name, value, token, nullptr}, static_cast<std::uint32_t>(name.size() + value.size()) + kEntryOverhead};
}

}  // namespace

constexpr StaticEntry kStaticTable[kStaticEntries] = {
    entry(":authority", "", FieldToken::kAuthority),
    entry(":method", "GET", FieldToken::kMethod),
    entry(":method", "POST", FieldToken::kMethod),
    entry(":path", "/", FieldToken::kPath),
    entry(":path", "/index.html", FieldToken::kPath),
    entry(":scheme", "http", FieldToken::kScheme),
    entry(":scheme", "https", FieldToken::kScheme),
    entry(":status", "200", FieldToken::kStatus),
    entry(":status", "204", FieldToken::kStatus),
    entry(":status", "206", FieldToken::kStatus),
    entry(":status", "304", FieldToken::kStatus),
    entry(":status", "400", FieldToken::kStatus),
    entry(":status", "404", FieldToken::kStatus),
    entry(":status", "500", FieldToken::kStatus),
    entry("accept-charset", ""),
    entry("accept-encoding", "gzip, deflate", FieldToken::kAcceptEncoding),
    entry("accept-language", ""),
    entry("accept-ranges", ""),
    entry("accept", "", FieldToken::kAccept),
    entry("access-control-allow-origin", ""),
    entry("age", ""),
    entry("allow", ""),
    entry("authorization", "", FieldToken::kAuthorization),
    entry("cache-control", ""),
    entry("content-disposition", ""),
    entry("content-encoding", "", FieldToken::kContentEncoding),
    entry("content-language", ""),
    entry("content-length", "", FieldToken::kContentLength),
    entry("content-location", ""),
    entry("content-range", ""),
    entry("content-type", "", FieldToken::kContentType),
    entry("cookie", ""),
    entry("date", "", FieldToken::kDate),
    entry("etag", ""),
    entry("expect", ""),
    entry("expires", ""),
    entry("from", ""),
    entry("host", "", FieldToken::kHost),
    entry("if-match", ""),
    entry("if-modified-since", ""),
    entry("if-none-match", ""),
    entry("if-range", ""),
    entry("if-unmodified-since", ""),
    entry("last-modified", ""),
    entry("link", ""),
    entry("location", ""),
    entry("max-forwards", ""),
    entry("proxy-authenticate", ""),
    entry("proxy-authorization", ""),
    entry("range", ""),
    entry("referer", ""),
    entry("refresh", ""),
    entry("retry-after", ""),
    entry("server", "", FieldToken::kServer),
    entry("set-cookie", ""),
    entry("strict-transport-security", ""),
    entry("transfer-encoding", "", FieldToken::kTransferEncoding),
    entry("user-agent", "", FieldToken::kUserAgent),
    entry("vary", ""),
    entry("via", ""),
    entry("www-authenticate", ""),
};

namespace {

// The first index of each token that has one.
constexpr auto kByToken = [] {
  std::array<std::uint8_t, static_cast<std::size_t>(FieldToken::kCount)> indices{};
  for (std::uint32_t i = kStaticEntries; i != 0; --i) {
    indices[static_cast<std::size_t>(kStaticTable[i - 1].view.token)] = static_cast<std::uint8_t>(i);
  }
  indices[static_cast<std::size_t>(FieldToken::kOther)] = 0;
  return indices;
}();

// The other names by a perfect hash of size, first, middle and last byte; its multiplier is found while compiling.
constexpr std::uint32_t hash_of(std::string_view name, std::uint32_t multiplier) {
  const auto byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(name[i])}; };
  const std::uint32_t word = static_cast<std::uint32_t>(name.size()) + (byte(0) << 8) + (byte(name.size() / 2) << 16) +
                             (byte(name.size() - 1) << 24);
  return (word * multiplier) >> 24;
}

struct NameTable {
  std::uint32_t multiplier = 0;
  std::array<std::uint8_t, 256> indices{};
};

constexpr NameTable kByName = [] {
  for (std::uint32_t multiplier = 0x9e3779b1;; multiplier += 2) {
    NameTable table{multiplier, {}};
    bool clash = false;
    for (std::uint32_t i = 1; i <= kStaticEntries && !clash; ++i) {
      if (kStaticTable[i - 1].view.token != FieldToken::kOther) continue;
      std::uint8_t& slot = table.indices[hash_of(kStaticTable[i - 1].view.name, multiplier)];
      clash = slot != 0;
      slot = static_cast<std::uint8_t>(i);
    }
    if (!clash) return table;
  }
}();

// How many entries bear the name of the entry, counted from it.
constexpr auto kSameName = [] {
  std::array<std::uint8_t, kStaticEntries + 1> counts{};
  for (std::uint32_t i = kStaticEntries; i != 0; --i) {
    const bool again = i < kStaticEntries && kStaticTable[i].view.name == kStaticTable[i - 1].view.name;
    counts[i] = again ? counts[i + 1] + 1 : 1;
  }
  return counts;
}();

}  // namespace

std::uint32_t static_name_index(FieldToken token, std::string_view name) {
  if (token != FieldToken::kOther) return kByToken[static_cast<std::size_t>(token)];
  if (name.empty()) return 0;
  const std::uint32_t index = kByName.indices[hash_of(name, kByName.multiplier)];
  return index != 0 && kStaticTable[index - 1].view.name == name ? index : 0;
}

std::uint32_t static_field_index(std::uint32_t name_index, std::string_view value) {
  const std::uint32_t end = name_index + kSameName[name_index];
  for (std::uint32_t i = name_index; i < end; ++i) {
    if (kStaticTable[i - 1].view.value == value) return i;
  }
  return 0;
}

}  // namespace godwit::http2::hpack

#include "godwit/http/field.h"

#include <array>
#include <atomic>
#include <utility>

namespace godwit::http {
namespace {

constexpr std::size_t kTokens = static_cast<std::size_t>(FieldToken::kCount);

constexpr std::array<std::string_view, kTokens> kNames = [] {
  std::array<std::string_view, kTokens> names{};
  auto set = [&](FieldToken token, std::string_view name) { names[static_cast<std::size_t>(token)] = name; };
  set(FieldToken::kMethod, ":method");
  set(FieldToken::kScheme, ":scheme");
  set(FieldToken::kAuthority, ":authority");
  set(FieldToken::kPath, ":path");
  set(FieldToken::kStatus, ":status");
  set(FieldToken::kProtocol, ":protocol");
  set(FieldToken::kContentType, "content-type");
  set(FieldToken::kContentLength, "content-length");
  set(FieldToken::kContentEncoding, "content-encoding");
  set(FieldToken::kAccept, "accept");
  set(FieldToken::kAcceptEncoding, "accept-encoding");
  set(FieldToken::kTe, "te");
  set(FieldToken::kUserAgent, "user-agent");
  set(FieldToken::kHost, "host");
  set(FieldToken::kOrigin, "origin");
  set(FieldToken::kAuthorization, "authorization");
  set(FieldToken::kDate, "date");
  set(FieldToken::kServer, "server");
  set(FieldToken::kTrailer, "trailer");
  set(FieldToken::kConnection, "connection");
  set(FieldToken::kKeepAlive, "keep-alive");
  set(FieldToken::kProxyConnection, "proxy-connection");
  set(FieldToken::kTransferEncoding, "transfer-encoding");
  set(FieldToken::kUpgrade, "upgrade");
  set(FieldToken::kGrpcTimeout, "grpc-timeout");
  set(FieldToken::kGrpcEncoding, "grpc-encoding");
  set(FieldToken::kGrpcAcceptEncoding, "grpc-accept-encoding");
  set(FieldToken::kGrpcStatus, "grpc-status");
  set(FieldToken::kGrpcMessage, "grpc-message");
  set(FieldToken::kGrpcStatusDetails, "grpc-status-details-bin");
  set(FieldToken::kGrpcPreviousRpcAttempts, "grpc-previous-rpc-attempts");
  set(FieldToken::kGrpcRetryPushback, "grpc-retry-pushback-ms");
  return names;
}();

constexpr std::uint32_t hash_of(std::string_view name, std::uint32_t seed) {
  const auto first = static_cast<unsigned char>(name.front());
  const auto last = static_cast<unsigned char>(name.back());
  const auto middle = static_cast<unsigned char>(name[name.size() / 2]);
  const std::uint32_t word = static_cast<std::uint32_t>(name.size()) | std::uint32_t{first} << 8 |
                             std::uint32_t{middle} << 16 | std::uint32_t{last} << 24;
  return (word * seed) >> 24;
}

struct TokenTable {
  std::uint32_t seed = 0;
  std::array<std::uint8_t, 256> slots{};
};

// A perfect hash, found by trying multipliers while compiling.
constexpr TokenTable kTable = [] {
  for (std::uint32_t seed = 0x9e3779b1;; seed += 2) {
    TokenTable table{seed, {}};
    bool clash = false;
    for (std::size_t t = 0; t < kTokens && !clash; ++t) {
      if (kNames[t].empty()) continue;
      std::uint8_t& slot = table.slots[hash_of(kNames[t], seed)];
      clash = slot != 0;
      slot = static_cast<std::uint8_t>(t);
    }
    if (!clash) return table;
  }
}();

std::atomic<std::uint32_t> next_id{1};

}  // namespace

FieldToken token_of(std::string_view name) {
  if (name.empty()) return FieldToken::kOther;
  const std::size_t slot = kTable.slots[hash_of(name, kTable.seed)];
  if (kNames[slot] == name) return static_cast<FieldToken>(slot);
  if (name.front() == ':') return FieldToken::kOtherPseudo;
  if (name.starts_with("grpc-")) return FieldToken::kGrpcOtherReserved;
  return FieldToken::kOther;
}

std::string_view name_of(FieldToken token) { return kNames[static_cast<std::size_t>(token)]; }

bool is_protocol_field(FieldToken token) {
  switch (token) {
    case FieldToken::kContentType:
    case FieldToken::kContentLength:
    case FieldToken::kTe:
    case FieldToken::kHost:
    case FieldToken::kConnection:
    case FieldToken::kKeepAlive:
    case FieldToken::kProxyConnection:
    case FieldToken::kTransferEncoding:
    case FieldToken::kUpgrade:
      return true;
    default:
      return false;
  }
}

bool is_grpc_content_type(std::string_view content_type) {
  constexpr std::string_view kGrpc = "application/grpc";
  if (!content_type.starts_with(kGrpc)) return false;
  content_type.remove_prefix(kGrpc.size());
  return content_type.empty() || content_type.front() == '+' || content_type.front() == ';';
}

PreparedFields::PreparedFields(std::vector<Field> fields)
    : fields_(std::move(fields)), id_(next_id.fetch_add(1, std::memory_order_relaxed)) {}

}  // namespace godwit::http

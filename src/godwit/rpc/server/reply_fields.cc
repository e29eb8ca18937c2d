#include "godwit/rpc/server/reply_fields.h"

#include <charconv>
#include <new>
#include <string>

#include "godwit/rpc/wire_values.h"

namespace godwit::rpc {
namespace {

using http::Field;
using http::FieldToken;
using http::Indexing;

Field* append(const Metadata& metadata, Field* out, Arena& arena) {
  for (const Metadata::Entry& e : metadata) {
    const bool binary = e.key.ends_with("-bin");
    ::new (out++) Field(e.key, binary ? encode_binary_value(e.value, arena) : e.value);
  }
  return out;
}

Field* allocate(std::size_t count, Arena& arena) {
  return static_cast<Field*>(arena.allocate(count * sizeof(Field), alignof(Field)));
}

// Cut so that no percent-encoded byte and, where it can be seen, no UTF-8 sequence is torn.
std::string shortened_message(const std::string& message) {
  std::string encoded = encode_message(message);
  if (encoded.size() <= kStatusBytes) return encoded;
  constexpr std::string_view kMark = " ... (shortened)";
  std::size_t end = kStatusBytes - kMark.size();
  for (int i = 0; i < 2; ++i) {
    if (encoded[end - 1] == '%') --end;
    else if (encoded[end - 2] == '%') end -= 2;
  }
  while (end >= 3 && encoded[end - 3] == '%' && (encoded[end - 2] == '8' || encoded[end - 2] == '9' ||
                                                 encoded[end - 2] == 'A' || encoded[end - 2] == 'B')) {
    end -= 3;  // continuation bytes
  }
  if (end >= 3 && encoded[end - 3] == '%' && encoded[end - 2] >= 'C') end -= 3;
  encoded.resize(end);
  encoded += kMark;
  return encoded;
}

}  // namespace

const http::PreparedFields& response_headers() {
  static const http::PreparedFields fields(
      {{FieldToken::kStatus, "200"}, {FieldToken::kContentType, "application/grpc"}});
  return fields;
}

const http::PreparedFields& ok_trailers() {
  static const http::PreparedFields fields({{FieldToken::kGrpcStatus, "0"}});
  return fields;
}

const http::PreparedFields& no_fields() {
  static const http::PreparedFields fields({});
  return fields;
}

std::span<const Field> fields_of(const Metadata& metadata, Arena& arena) {
  if (metadata.empty()) return {};
  Field* begin = allocate(metadata.size(), arena);
  return {begin, append(metadata, begin, arena)};
}

std::span<const Field> status_fields(const Status& status, const Metadata* initial, const Metadata& trailing,
                                     Arena& arena) {
  if (!trailing.problem().empty() || (initial && !initial->problem().empty())) {
    const bool of_trailing = !trailing.problem().empty();
    const Status replaced(StatusCode::kInternal, of_trailing ? "trailing metadata: " + trailing.problem()
                                                             : "initial metadata: " + initial->problem());
    return status_fields(replaced, nullptr, Metadata(), arena);
  }
  Field* const begin = allocate(3 + trailing.size() + (initial ? initial->size() : 0), arena);
  Field* out = begin;
  if (initial) out = append(*initial, out, arena);
  char digits[4];
  char* const digits_end = std::to_chars(digits, digits + sizeof digits, static_cast<int>(status.code())).ptr;
  const std::string_view code = arena.copy({digits, static_cast<std::size_t>(digits_end - digits)});
  ::new (out++) Field(FieldToken::kGrpcStatus, code);
  if (!status.message().empty()) {
    ::new (out++) Field(FieldToken::kGrpcMessage, arena.copy(shortened_message(status.message())), Indexing::kOnce);
  }
  if (!status.details().empty() && status.details().size() <= kStatusBytes * 3 / 4) {
    ::new (out++) Field(FieldToken::kGrpcStatusDetails, encode_binary_value(status.details(), arena), Indexing::kOnce);
  }
  out = append(trailing, out, arena);
  return {begin, out};
}

}  // namespace godwit::rpc

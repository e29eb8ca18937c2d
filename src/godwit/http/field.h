#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace godwit::http {

// Field names that the house knows. A decoder finds the token once (when a name enters a table or is read as a
// literal), so that everybody above switches on a small number instead of comparing text.
enum class FieldToken : std::uint8_t {
  kOther,  // any name that is not listed here
  // Pseudo-fields, RFC 9113 section 8.3. kOtherPseudo is any other name that begins with ':'.
  kMethod,
  kScheme,
  kAuthority,
  kPath,
  kStatus,
  kProtocol,
  kOtherPseudo,
  // Fields of HTTP.
  kContentType,
  kContentLength,
  kContentEncoding,
  kAccept,
  kAcceptEncoding,
  kTe,
  kUserAgent,
  kHost,
  kOrigin,
  kAuthorization,
  kDate,
  kServer,
  kTrailer,
  // Connection-specific fields, forbidden in HTTP/2 (RFC 9113 section 8.2.2).
  kConnection,
  kKeepAlive,
  kProxyConnection,
  kTransferEncoding,
  kUpgrade,
  // Fields of gRPC.
  kGrpcTimeout,
  kGrpcEncoding,
  kGrpcAcceptEncoding,
  kGrpcStatus,
  kGrpcMessage,
  kGrpcStatusDetails,         // grpc-status-details-bin
  kGrpcPreviousRpcAttempts,   // grpc-previous-rpc-attempts
  kGrpcRetryPushback,         // grpc-retry-pushback-ms
  kGrpcOtherReserved,         // any other name that begins with "grpc-"
  kCount,
};

// The token of a lower-case name; kOther when it is none of the known ones. Constant time.
FieldToken token_of(std::string_view name);
// The name of a token, "" for the three catch-alls.
std::string_view name_of(FieldToken token);

// Fields that HTTP/2 or its users write themselves (content-type, te, host, connection, ...): no metadata.
bool is_protocol_field(FieldToken token);

// "application/grpc", alone or followed by "+format" or ";parameters" (PROTOCOL-HTTP2.md).
bool is_grpc_content_type(std::string_view content_type);

// One field of a received block. Name and value are views whose life the producer states (for HPACK: until the next
// block is decoded). Names are lower case.
struct FieldView {
  std::string_view name;
  std::string_view value;
  FieldToken token = FieldToken::kOther;
  // A word that the decoder keeps beside the table entry this field came from, first 0; nullptr when it came from no
  // dynamic entry. Who understands the field may leave a note there (say, the handler that a :path leads to) and
  // finds it again when the same entry is referred to.
  std::uintptr_t* note = nullptr;
};
using FieldViews = std::vector<FieldView>;

// How a compressing encoder may treat a field (RFC 7541 section 6.2).
enum class Indexing : std::uint8_t {
  kAutomatic,  // the encoder decides
  kNever,      // secrets: never in a table, here or at a later hop
  kOnce,       // a value that will not come again: a literal, the name may be indexed
};

// One field to send. Views need to live only during the call they are passed to.
struct Field {
  std::string_view name;
  std::string_view value;
  FieldToken token = FieldToken::kOther;  // must be right: encoders rely on it
  Indexing indexing = Indexing::kAutomatic;

  Field() = default;
  // Looks the token up.
  Field(std::string_view field_name, std::string_view field_value, Indexing how = Indexing::kAutomatic)
      : name(field_name), value(field_value), token(token_of(field_name)), indexing(how) {}
  // A known name.
  Field(FieldToken known, std::string_view field_value, Indexing how = Indexing::kAutomatic)
      : name(name_of(known)), value(field_value), token(known), indexing(how) {}
};

// A constant list of fields that is sent again and again (a reply's headers). Encoders may keep what it encodes to,
// keyed by `id`. The fields live as long as this object, and this object longer than every connection that saw it
// (normally it is a function-local static).
class PreparedFields {
 public:
  explicit PreparedFields(std::vector<Field> fields);
  PreparedFields(const PreparedFields&) = delete;
  PreparedFields& operator=(const PreparedFields&) = delete;
  const std::vector<Field>& fields() const { return fields_; }
  std::uint32_t id() const { return id_; }  // unique in the process, from 1

 private:
  std::vector<Field> fields_;
  std::uint32_t id_;
};

}  // namespace godwit::http

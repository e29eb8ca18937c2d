#pragma once

#include <string>
#include <string_view>

#include "godwit/http/field.h"
#include "godwit/rpc/metadata.h"
#include "godwit/rpc/status.h"

namespace godwit::rpc {

// The fields of a response that the protocol itself reads. Views of the received block.
struct ResponseFields {
  std::string_view http_status;
  std::string_view content_type;
  std::string_view grpc_encoding;
  std::string_view grpc_message;
  std::string_view grpc_details;  // base64
  std::string_view grpc_status;
  bool has_grpc_status = false;
};

// Reads headers or trailers. Everything that belongs to the application goes to `metadata`, if there is one; a "-bin"
// value that is not base64 is named in `problem`.
ResponseFields read_fields(const http::FieldViews& fields, Metadata* metadata, std::string& problem);

// http::is_grpc_content_type(), and with a space before its parameters.
bool is_grpc_content_type(std::string_view content_type);
// The number of a :status field; 0 when it is none.
int parse_http_status(std::string_view text);

// The status that fields with a grpc-status tell.
Status status_of(const ResponseFields& fields);
// The status of a response without grpc-status: the HTTP status's (http-grpc-status-mapping.md). `what` begins the
// text.
Status status_of_http(int http_status, std::string what);

}  // namespace godwit::rpc

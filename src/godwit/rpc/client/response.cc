#include "godwit/rpc/client/response.h"

#include <utility>

#include "godwit/rpc/wire_values.h"

namespace godwit::rpc {

ResponseFields read_fields(const http::FieldViews& fields, Metadata* metadata, std::string& problem) {
  using http::FieldToken;
  ResponseFields out;
  for (const http::FieldView& field : fields) {
    switch (field.token) {
      case FieldToken::kStatus:
        out.http_status = field.value;
        break;
      case FieldToken::kContentType:
        out.content_type = field.value;
        break;
      case FieldToken::kGrpcEncoding:
        out.grpc_encoding = field.value;
        break;
      case FieldToken::kGrpcMessage:
        out.grpc_message = field.value;
        break;
      case FieldToken::kGrpcStatusDetails:
        out.grpc_details = field.value;
        break;
      case FieldToken::kGrpcStatus:
        out.grpc_status = field.value;
        out.has_grpc_status = true;
        break;
      // The protocol's own.
      case FieldToken::kMethod:
      case FieldToken::kScheme:
      case FieldToken::kAuthority:
      case FieldToken::kPath:
      case FieldToken::kProtocol:
      case FieldToken::kOtherPseudo:
      case FieldToken::kTe:
      case FieldToken::kTrailer:
      case FieldToken::kContentLength:
      case FieldToken::kContentEncoding:
      case FieldToken::kAcceptEncoding:
      case FieldToken::kConnection:
      case FieldToken::kKeepAlive:
      case FieldToken::kProxyConnection:
      case FieldToken::kTransferEncoding:
      case FieldToken::kUpgrade:
      case FieldToken::kGrpcTimeout:
      case FieldToken::kGrpcAcceptEncoding:
      case FieldToken::kGrpcPreviousRpcAttempts:
      case FieldToken::kGrpcRetryPushback:
        break;
      default:
        if (metadata && !metadata->add_received(field.name, field.value) && problem.empty()) {
          problem = "the value of '" + std::string(field.name) + "' in the response is not base64";
        }
        break;
    }
  }
  return out;
}

bool is_grpc_content_type(std::string_view content_type) {
  return http::is_grpc_content_type(content_type) || content_type.starts_with("application/grpc ");
}

int parse_http_status(std::string_view text) {
  if (text.size() != 3) return 0;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return 0;
    value = value * 10 + (c - '0');
  }
  return value;
}

Status status_of(const ResponseFields& fields) {
  if (fields.grpc_status == "0") return Status();
  const auto code = parse_status_code(fields.grpc_status);
  if (!code) {
    return Status(StatusCode::kUnknown, "the server's grpc-status is no number: '" +
                                            decode_message(fields.grpc_status).substr(0, 32) +
                                            "' (grpc-message: " + decode_message(fields.grpc_message) + ")");
  }
  if (*code == StatusCode::kOk) return Status();  // "00"
  std::string message = decode_message(fields.grpc_message);
  // A number beyond the known ones is worth telling.
  if (*code == StatusCode::kUnknown && fields.grpc_status != "2") {
    message = "the server's status code " + std::string(fields.grpc_status.substr(0, 20)) + " is not known" +
              (message.empty() ? "" : ": " + message);
  }
  Status status(*code, std::move(message));
  if (!fields.grpc_details.empty()) {
    Metadata decoded;
    if (decoded.add_received("grpc-status-details-bin", fields.grpc_details) && !decoded.empty()) {
      status.with_details(std::string(decoded[0].value));
    } else {
      return Status(*code, status.message() + " (its grpc-status-details-bin is not base64 and was dropped)");
    }
  }
  return status;
}

Status status_of_http(int http_status, std::string what) {
  return Status(code_of_http_status(http_status), std::move(what));
}

}  // namespace godwit::rpc

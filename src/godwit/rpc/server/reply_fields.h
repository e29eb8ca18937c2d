#pragma once

#include <span>

#include "godwit/base/arena.h"
#include "godwit/http/field.h"
#include "godwit/rpc/metadata.h"
#include "godwit/rpc/status.h"

// The fields of a gRPC response (PROTOCOL-HTTP2.md, "Responses").
namespace godwit::rpc {

const http::PreparedFields& response_headers();  // :status 200, content-type application/grpc
const http::PreparedFields& ok_trailers();       // grpc-status 0
const http::PreparedFields& no_fields();

// Custom metadata as fields, "-bin" values encoded; in `arena`.
std::span<const http::Field> fields_of(const Metadata& metadata, Arena& arena);

// grpc-status, grpc-message, grpc-status-details-bin and the metadata; in `arena`. A message or details that would make the
// list larger than peers take (kStatusBytes) are cut or left out: a status that arrives shortened is better than
// none. Metadata that may not be sent makes the status INTERNAL with the reason.
std::span<const http::Field> status_fields(const Status& status, const Metadata* initial, const Metadata& trailing,
                                           Arena& arena);
inline constexpr std::size_t kStatusBytes = 6 * 1024;  // of the 8 KiB that the strictest peers accept for all fields

}  // namespace godwit::rpc

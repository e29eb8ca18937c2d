#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "godwit/base/bytes.h"
#include "godwit/http/field.h"

namespace godwit::http2::hpack {

// Encodes field blocks in the order in which they are sent (RFC 7541). Every call changes the table that the peer
// mirrors, so what it returns must be sent, whole and in order. Holds no memory until it encodes. Not thread-safe.
// A moved-from encoder is as new.
//
// What enters the table, of fields that are kAutomatic: a :path of up to kLongPath bytes at once; other fields on
// their second sight, or when their name is not in a table and comes for the second time; never grpc-timeout,
// grpc-message and content-length, whose values seldom come again, nor what would take more than half of the table.
class Encoder {
 public:
  Encoder();
  ~Encoder();
  Encoder(Encoder&&) noexcept;
  Encoder& operator=(Encoder&&) noexcept;

  // The peer's SETTINGS_HEADER_TABLE_SIZE: used up to kTableLimit. The needed size updates open the next block.
  void set_peer_table_size(std::uint32_t size);

  // The block for these fields. Valid until the next call. Fields that repeat across blocks are put into the table on
  // their second sight, those marked kOnce or kNever are not.
  Bytes encode(std::span<const http::Field> fields);

  // The same for a constant list followed by others. While nothing was inserted since the last time, the constant part
  // is a copy of what was encoded then. `first` is encoded so that it is cheap the next time: its automatic fields
  // enter the table at once.
  Bytes encode(const http::PreparedFields& first, std::span<const http::Field> rest = {});

  // Our own bound of the table, whatever the peer allows: what a connection may cost.
  static constexpr std::uint32_t kTableLimit = 4096;
  // A longer :path is one with parameters, which may not come again.
  static constexpr std::size_t kLongPath = 256;

 private:
  struct State;
  State& state();
  std::unique_ptr<State> state_;
};

}  // namespace godwit::http2::hpack

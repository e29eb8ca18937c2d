// HPACK (RFC 7541): any bytes as field blocks; what decodes is encoded again and must come back the same.
//
// Input: one byte of options (1: a large table, 8: a small one, 2: a small limit of the list, 4: lists are prepared
// too), then blocks, each behind two bytes with its length. A length of 0xffff with two more bytes is SETTINGS with a
// new table size.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "godwit/base/bytes.h"
#include "godwit/http2/hpack/decoder.h"
#include "godwit/http2/hpack/encoder.h"

namespace {

using namespace godwit;
using namespace godwit::http2;

void require(bool condition) {
  if (!condition) std::abort();
}

// Decodes all blocks; the encoder's output goes to a second decoder.
class Session {
 public:
  explicit Session(std::uint8_t options)
      : decoder_(options & 8   ? 64
                 : options & 1 ? 65536
                               : 4096,
                 options & 2 ? 300 : 1 << 20),
        echo_(4096, 1 << 20),
        prepare_((options & 4) != 0) {}

  void settings(std::uint16_t size) {
    decoder_.acknowledge_table_size(size);
    encoder_.set_peer_table_size(size);
    echo_.acknowledge_table_size(size);
  }

  bool block(Bytes bytes) {
    http::FieldViews fields;
    const auto result = decoder_.decode(bytes, fields);
    if (!result.ok()) {
      require(result.error().offset <= bytes.size());
      if (result.error().kind != hpack::DecodeErrorKind::kListTooLarge) return false;
    }
    std::vector<http::Field> list;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const auto& field = fields[i];
      require(field.token == http::token_of(field.name));
      if (field.note != nullptr) *field.note += 1;
      const auto indexing = decoder_.never_indexed(i) ? http::Indexing::kNever : http::Indexing::kAutomatic;
      list.emplace_back(field.name, field.value, indexing);
    }
    echo(list, encoder_.encode(list));
    if (prepare_) {
      const http::PreparedFields prepared(list);
      for (int i = 0; i < 3; ++i) echo(list, encoder_.encode(prepared));
    }
    return true;
  }

 private:
  void echo(const std::vector<http::Field>& list, Bytes bytes) {
    http::FieldViews fields;
    require(echo_.decode(bytes, fields).ok());
    require(fields.size() == list.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      require(fields[i].name == list[i].name && fields[i].value == list[i].value);
    }
  }

  hpack::Decoder decoder_;
  hpack::Encoder encoder_;
  hpack::Decoder echo_;
  bool prepare_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Session session(data[0]);
  Bytes rest(data + 1, size - 1);
  while (rest.size() >= 2) {
    const std::uint16_t length = load_be16(rest.data());
    rest = rest.subspan(2);
    if (length == 0xffff) {
      if (rest.size() < 2) break;
      session.settings(load_be16(rest.data()));
      rest = rest.subspan(2);
      continue;
    }
    const Bytes block = rest.first(std::min<std::size_t>(length, rest.size()));
    rest = rest.subspan(block.size());
    // A copy of its own, so that a read past its end is seen.
    const std::vector<std::uint8_t> copy(block.begin(), block.end());
    if (!session.block(copy)) break;
  }
  return 0;
}

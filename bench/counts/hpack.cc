// HPACK alone: the fields of one request.
#include <vector>

#include "counts.h"
#include "godwit/http2/hpack/decoder.h"
#include "godwit/http2/hpack/encoder.h"
#include "request_fields.h"

namespace bench {
namespace {

using godwit::Bytes;
using godwit::http2::hpack::Decoder;
using godwit::http2::hpack::Encoder;

constexpr int kBlocks = 1024;  // as many as there are texts

// The fields of `kBlocks` calls; all alike without metadata. The texts must live as long.
std::vector<std::vector<godwit::http::Field>> lists(CallTexts& texts, bool metadata) {
  std::vector<std::vector<godwit::http::Field>> lists(kBlocks, request_fields());
  if (metadata) {
    for (auto& fields : lists) add_metadata(fields, texts.next());
  }
  return lists;
}

template <bool kMetadata>
void encode(long repetitions) {
  CallTexts texts;
  const auto fields = lists(texts, kMetadata);
  Encoder encoder;
  for (const auto& list : fields) keep(encoder.encode(list));
  for (long i = 0; i < repetitions; ++i) keep(encoder.encode(fields[static_cast<std::size_t>(i % kBlocks)]));
}

template <bool kMetadata>
void decode(long repetitions) {
  CallTexts texts;
  Encoder encoder;
  Decoder decoder(Decoder::kInitialTableSize, 16384);
  godwit::http::FieldViews fields;
  // After the first few blocks nothing enters the table: the later ones can be decoded again and again.
  std::vector<std::vector<std::uint8_t>> blocks;
  const auto all = lists(texts, kMetadata);
  for (int round = 0; round < 2; ++round) {
    blocks.clear();
    for (const auto& list : all) {
      const Bytes block = encoder.encode(list);
      blocks.emplace_back(block.begin(), block.end());
      check(decoder.decode(block, fields).ok(), "a block is not valid");
    }
  }
  for (long i = 0; i < repetitions; ++i) {
    check(decoder.decode(blocks[static_cast<std::size_t>(i % kBlocks)], fields).ok(), "a block is not valid");
    keep(fields);
  }
}

}  // namespace

std::span<const Count> hpack_counts() {
  static constexpr Count kCounts[] = {{"hpack_encode", encode<false>},
                                      {"hpack_encode_metadata", encode<true>},
                                      {"hpack_decode", decode<false>},
                                      {"hpack_decode_metadata", decode<true>}};
  return kCounts;
}

}  // namespace bench

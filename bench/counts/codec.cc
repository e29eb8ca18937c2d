// The codec: parse and serialize, as a call does it.
#include <cstdint>
#include <string>
#include <vector>

#include "article.pb.h"
#include "counts.h"
#include "godwit/base/arena.h"
#include "godwit/proto/message/parser.h"
#include "godwit/proto/message/serializer.h"

namespace bench {
namespace {

void fill(article::Hello& hello) { hello.set_name("world"); }

void fill(article::Article& article) {
  article.set_id(4711);
  article.set_title("On the flight of the bar-tailed godwit");
  std::string content;
  while (content.size() < 2000) content += "Eleven days over the open sea without food, water or sleep. ";
  article.set_content(content);
  article.mutable_author()->set_id(42);
  article.mutable_author()->set_name("A. Limosa");
  article.mutable_author()->set_email("limosa@example.org");
  for (const char* tag : {"birds", "migration", "pacific", "science"}) article.add_tags(tag);
  article.mutable_created()->set_seconds(1'767'225'600);
  article.mutable_created()->set_nanos(123'456'789);
  for (const char* key : {"language", "licence", "section"}) (*article.mutable_attributes())[key] = "some value";
  article.set_status(article::PUBLISHED);
}

template <typename M>
void serialize(long repetitions) {
  M message;
  fill(message);
  std::vector<std::uint8_t> buffer(4096);
  for (long i = 0; i < kBatch + repetitions; ++i) {
    godwit::proto::BackwardWriter writer{godwit::MutableBytes(buffer)};
    check(godwit::proto::serialize_backwards(message, writer) > 0, "nothing was serialized");
    keep(buffer);
  }
}

// Into a fresh arena with memory at hand, as a server does.
template <typename M>
void parse(long repetitions) {
  M message;
  fill(message);
  const std::string bytes = message.SerializeAsString();
  std::vector<std::uint8_t> memory(16384);
  for (long i = 0; i < kBatch + repetitions; ++i) {
    godwit::Arena arena{godwit::MutableBytes(memory)};
    M* parsed = godwit::proto::create<M>(arena);
    check(parsed->ParseFromString(bytes), "a message is not valid");
    keep(*parsed);
  }
}

}  // namespace

std::span<const Count> codec_counts() {
  static constexpr Count kCounts[] = {{"hello_parse", parse<article::Hello>},
                                      {"hello_serialize", serialize<article::Hello>},
                                      {"article_parse", parse<article::Article>},
                                      {"article_serialize", serialize<article::Article>}};
  return kCounts;
}

}  // namespace bench

#pragma once

#include <string>
#include <vector>

#include "godwit/http/field.h"
#include "random_text.h"

namespace bench {

// The fields of a unary request as our client sends them.
inline std::vector<godwit::http::Field> request_fields() {
  using godwit::http::Field;
  using godwit::http::FieldToken;
  return {Field(FieldToken::kMethod, "POST"),
          Field(FieldToken::kScheme, "http"),
          Field(FieldToken::kPath, "/helloworld.Greeter/SayHello"),
          Field(FieldToken::kAuthority, "127.0.0.1:50051"),
          Field(FieldToken::kTe, "trailers"),
          Field(FieldToken::kContentType, "application/grpc"),
          Field(FieldToken::kUserAgent, "godwit-cpp/0.1"),
          Field(FieldToken::kGrpcAcceptEncoding, "identity,gzip,deflate")};
}

// The texts of many calls, made beforehand so that making them is not counted: values of metadata that never come
// again.
class CallTexts {
 public:
  struct Texts {
    std::string name = std::string(100, ' ');
    std::string request_id = std::string(32, ' ');
    std::string token = std::string(60, ' ');
  };

  CallTexts() : texts_(1024) {
    RandomText random;
    for (Texts& t : texts_) {
      random.fill(t.name);
      random.fill_hex(t.request_id);
      random.fill(t.token);
    }
  }
  const Texts& next() { return texts_[next_++ % texts_.size()]; }

 private:
  std::vector<Texts> texts_;
  std::size_t next_ = 0;
};

inline void add_metadata(std::vector<godwit::http::Field>& fields, const CallTexts::Texts& texts) {
  fields.emplace_back("x-request-id", texts.request_id);
  fields.emplace_back("x-session-token", texts.token);
  fields.emplace_back("x-client-region", "europe-north");
}

}  // namespace bench

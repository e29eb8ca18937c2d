// usage: bench_pb DATADIR LABEL   one JSON line per (message, operation); every loop runs at least 0.15 s.
// PB_MSG=NAME runs one message only. DATADIR holds hello.bin, articles.bin, ascii.bin, i32.bin, i64.bin, f64.bin, fds.bin.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "article.pb.h"
#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"
#include "godwit/proto/message/parser.h"
#include "godwit/proto/message/serializer.h"

namespace {

const char* label;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

// The compiler must believe that somebody looks at `x`.
template <typename T>
void keep(T& x) {
  asm volatile("" : : "g"(&x) : "memory");
}

template <typename F>
void loop(const char* message, const char* operation, std::size_t bytes, F f) {
  using Clock = std::chrono::steady_clock;
  for (int i = 0; i < 3; i++) f();
  long count = 1;
  double seconds;
  for (;;) {
    const auto begin = Clock::now();
    for (long i = 0; i < count; i++) f();
    seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    if (seconds > 0.15) break;
    count = seconds < 0.01 ? count * 10 : static_cast<long>(static_cast<double>(count) * 0.2 / seconds) + 1;
  }
  const double total = static_cast<double>(bytes) * static_cast<double>(count);
  std::printf("{\"impl\": \"%s\", \"msg\": \"%s\", \"op\": \"%s\", \"ns\": %.2f, \"MBs\": %.1f, \"bytes\": %zu}\n", label, message,
              operation, seconds / static_cast<double>(count) * 1e9, total / seconds / 1e6, bytes);
  std::fflush(stdout);
}

template <typename M>
void run(const std::string& folder, const char* name) {
  const char* only = std::getenv("PB_MSG");
  if (only && std::strcmp(only, name) != 0) return;
  const std::string data = read_file(folder + "/" + name + ".bin");
  if (data.empty()) {
    std::fprintf(stderr, "bench_pb: %s/%s.bin is not there; left out\n", folder.c_str(), name);
    return;
  }
  loop(name, "parse fresh", data.size(), [&] {
    M m;
    if (!m.ParseFromString(data)) std::abort();
    keep(m);
  });
  {
    M m;
    loop(name, "parse reuse", data.size(), [&] {
      if (!m.ParseFromString(data)) std::abort();
      keep(m);
    });
  }
  {
    std::vector<std::uint8_t> block(1 << 20);
    loop(name, "parse arena", data.size(), [&] {
      godwit::Arena arena{godwit::MutableBytes(block)};
      M* m = godwit::proto::create<M>(arena);
      if (!m->ParseFromString(data)) std::abort();
      keep(*m);
    });
  }
  M m;
  if (!m.ParseFromString(data)) std::abort();
  std::vector<std::uint8_t> buffer(data.size() + 100);
  loop(name, "serialize", data.size(), [&] {
    godwit::proto::BackwardWriter writer{godwit::MutableBytes(buffer)};
    if (godwit::proto::serialize_backwards(m, writer) != data.size()) std::abort();
    keep(buffer);
  });
  loop(name, "serialize string", data.size(), [&] {
    std::string s = m.SerializeAsString();
    keep(s);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bench_pb DATADIR LABEL\n");
    return 2;
  }
  const std::string folder = argv[1];
  label = argv[2];
  run<article::Hello>(folder, "hello");
  run<article::ArticleList>(folder, "articles");
  run<article::ArticleList>(folder, "ascii");
  run<article::Numbers>(folder, "i32");
  run<article::Numbers>(folder, "i64");
  run<article::Numbers>(folder, "f64");
  run<google::protobuf::FileDescriptorSet>(folder, "fds");
}

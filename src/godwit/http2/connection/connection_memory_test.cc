// What connections cost: nothing is allocated in steady state, and idle ones hold little. Counts the calls of malloc,
// so it is left out where a sanitizer has its own.

#include <gtest/gtest.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GODWIT_TEST_HAS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GODWIT_TEST_HAS_SANITIZER 1
#endif

#if defined(__GLIBC__) && !defined(GODWIT_TEST_HAS_SANITIZER)

#include <malloc.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "godwit/http2/connection/connection.h"
#include "godwit/testing/frame_builder.h"

namespace {

thread_local std::uint64_t allocations = 0;
thread_local std::int64_t bytes_in_use = 0;

}  // namespace

extern "C" {
void* __libc_malloc(std::size_t);
void __libc_free(void*);
void* malloc(std::size_t size) {
  void* memory = __libc_malloc(size);
  ++allocations;
  if (memory) bytes_in_use += static_cast<std::int64_t>(malloc_usable_size(memory) + 8);
  return memory;
}
void free(void* memory) {
  if (memory) bytes_in_use -= static_cast<std::int64_t>(malloc_usable_size(memory) + 8);
  __libc_free(memory);
}
}

namespace godwit::http2 {
namespace {

namespace h2 = testing::h2;

constexpr TimePoint kNow{};

// Answers every request with headers, a body and trailers; notes nothing.
class Server final : public ConnectionEvents {
 public:
  Server() : connection(Role::kServer, {}, *this, kNow) {}
  void receive(const Slice& bytes) {
    connection.receive(bytes, kNow);
    connection.output().consume(connection.output().size());
  }
  Connection connection;
  bool answers = true;

 private:
  void on_headers(Stream&, HeadersKind, const http::FieldViews&, bool) override {}
  void on_data(Stream& stream, const DataView& data, bool end) override {
    connection.consume(stream, data.bytes.size());
    if (!end || !answers) return;
    static const http::PreparedFields headers({http::Field(http::FieldToken::kStatus, "200"),
                                               http::Field(http::FieldToken::kContentType, "application/grpc")});
    static const http::PreparedFields trailers({http::Field(http::FieldToken::kGrpcStatus, "0")});
    connection.send_headers(stream, headers, false);
    connection.send_data(stream, data.bytes, false);
    connection.send_headers(stream, trailers, true);
  }
  void on_reset(Stream&, const StreamReset&) override {}
  void on_stream_closed(Stream&) override {}
};

std::string hello() { return std::string(h2::preface()) + h2::settings() + h2::settings_ack(); }
// Fields that are in the tables after the first request, and one that is not.
std::string call(StreamId id, bool first) {
  const std::string block = first ? h2::field_block({{":method", "POST"}, {":scheme", "http"}, {":path", "/a.B/C"}},
                                                    h2::Indexing::kIncremental)
                                  : h2::indexed_field(64) + h2::indexed_field(63) + h2::indexed_field(62);
  return h2::headers(id, block + h2::field_block({{"grpc-timeout", "1S"}})) +
         h2::data(id, h2::grpc_message("hello"), true);
}
Slice slice_of(const std::string& text) { return Slice::copy_of(as_bytes(text)); }

TEST(ConnectionMemory, NothingIsAllocatedInSteadyState) {
  Server server;
  server.receive(slice_of(hello() + call(1, true)));
  StreamId id = 3;
  const auto batch = [&](int calls) {
    std::string bytes;
    for (int i = 0; i < calls; ++i, id += 2) bytes += call(id, false);
    return bytes + h2::window_update(0, static_cast<std::uint32_t>(calls) * 20);
  };
  for (int i = 0; i < 20; ++i) server.receive(slice_of(batch(50)));
  std::vector<Slice> inputs;
  for (int i = 0; i < 20; ++i) inputs.push_back(slice_of(batch(50)));
  server.receive(inputs[0]);  // takes the block for output anew: those kept for reuse went into `inputs`
  inputs.erase(inputs.begin());
  const std::uint64_t before = allocations;
  for (const Slice& input : inputs) server.receive(input);
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(server.connection.counters().streams_succeeded, 1u + 40 * 50);
}

TEST(ConnectionMemory, AnIdleConnectionHoldsLittle) {
  const Slice input = slice_of(hello() + call(1, true));
  std::vector<std::unique_ptr<Server>> servers;
  servers.reserve(100);
  for (int i = 0; i < 10; ++i) servers.push_back(std::make_unique<Server>());
  for (auto& server : servers) server->receive(input);
  const std::int64_t before = bytes_in_use;
  for (int i = 0; i < 50; ++i) {
    servers.push_back(std::make_unique<Server>());
    servers.back()->receive(input);
  }
  const std::int64_t each = (bytes_in_use - before) / 50;
  RecordProperty("bytes", static_cast<int>(each));
  EXPECT_LE(each, 5 * 1024);
}

TEST(ConnectionMemory, AnIdleStreamHoldsLittle) {
  Server server;
  server.answers = false;
  server.receive(slice_of(hello() + call(1, true)));
  const std::int64_t before = bytes_in_use;
  StreamId id = 3;
  for (int i = 0; i < 1000; ++i, id += 2) server.receive(slice_of(call(id, false)));
  const std::int64_t each = (bytes_in_use - before) / 1000;
  RecordProperty("bytes", static_cast<int>(each));
  EXPECT_LE(each, 400);
}

}  // namespace
}  // namespace godwit::http2

#endif

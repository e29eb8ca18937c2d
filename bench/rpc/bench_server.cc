// bench_server PORT: helloworld.Greeter and bench.Streams on 127.0.0.1.
#include <string>

#include "godwit/server.h"
#include "services.h"

int main(int argc, char** argv) {
  bench::Greeter greeter;
  bench::StreamsService streams;
  godwit::ServerOptions options;
  options.max_concurrent_streams = 10'000;
  godwit::Server server(options);
  server.add(greeter);
  server.add(streams);
  return server.run("127.0.0.1:" + std::string(argc > 1 ? argv[1] : "50051"));
}

// bench_counts NAME N: N repetitions of one hot path, for tools/callgrind_counts.py. Without arguments: the names.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "counts.h"

int main(int argc, char** argv) {
  for (const auto counts :
       {bench::hpack_counts(), bench::engine_counts(), bench::call_counts(), bench::codec_counts()}) {
    for (const bench::Count& count : counts) {
      if (argc == 1) std::puts(count.name);
      if (argc == 3 && std::strcmp(argv[1], count.name) == 0) {
        count.run(std::atol(argv[2]));
        return 0;
      }
    }
  }
  if (argc == 1) return 0;
  std::fprintf(stderr, "usage: bench_counts [NAME N]\n");
  return 2;
}

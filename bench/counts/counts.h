#pragma once

#include <cstdio>
#include <cstdlib>
#include <span>

// The hot paths as `bench_counts NAME N` runs them: the same work in every run, in one thread, without a socket and
// without a clock, so that the number of instructions of one repetition can be compared from version to version.
namespace bench {

struct Count {
  const char* name;
  void (*run)(long repetitions);  // after some repetitions more that warm up
};

std::span<const Count> hpack_counts();
std::span<const Count> engine_counts();
std::span<const Count> call_counts();
std::span<const Count> codec_counts();

// Calls that are under way at once, so that reads and writes are shared as they are on a busy connection. Numbers of
// repetitions should be multiples of it.
inline constexpr long kBatch = 64;

// The compiler must believe that somebody looks at `x`.
template <typename T>
void keep(const T& x) {
  asm volatile("" : : "g"(&x) : "memory");
}

inline void check(bool fine, const char* what) {
  if (fine) return;
  std::fprintf(stderr, "bench_counts: %s\n", what);
  std::exit(1);
}

}  // namespace bench

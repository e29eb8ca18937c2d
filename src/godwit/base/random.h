#pragma once

#include <cstdint>

namespace godwit {

// A source of randomness for jitter, shuffles and simulated faults; never for keys. Not thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;  // uniform over all 64-bit values

  // Uniform in [0, bound). bound must not be 0.
  std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
  }
  // Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  // True with probability p (0 never, 1 always).
  bool chance(double p) { return unit() < p; }
};

// xoshiro256** seeded through splitmix64: the same seed gives the same sequence on every machine.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  std::uint64_t next() override;

 private:
  std::uint64_t s_[4];
};

// A seed from the operating system.
std::uint64_t system_seed();

}  // namespace godwit

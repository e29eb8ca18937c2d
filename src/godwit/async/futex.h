#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>

#include "godwit/base/time.h"

namespace godwit {

// A word that threads sleep on, with a time-out: what std::atomic::wait lacks, for less than a mutex with a condition.
enum class FutexWait : std::uint8_t {
  kWoken,  // woken, or the word had another value; look again
  kTimeout,
  kInterrupted,  // by a signal
};

// Sleeps while `word` is `expected`, at most `timeout` (negative: without limit).
inline FutexWait futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, Duration timeout) {
  static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));
  timespec limit;
  limit.tv_sec = static_cast<time_t>(timeout.count() / 1'000'000'000);
  limit.tv_nsec = static_cast<long>(timeout.count() % 1'000'000'000);
  const long result = syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected,
                              timeout < Duration::zero() ? nullptr : &limit, nullptr, 0);
  if (result == 0 || errno == EAGAIN) return FutexWait::kWoken;
  return errno == ETIMEDOUT ? FutexWait::kTimeout : FutexWait::kInterrupted;
}

// The same with a place of 32 beside others at the same word: futex_wake_bits() with that bit wakes it.
inline FutexWait futex_wait_bit(const std::atomic<std::uint32_t>& word, std::uint32_t expected, Duration timeout,
                                std::uint32_t bit) {
  timespec limit;  // here a point in time
  if (timeout >= Duration::zero()) {
    clock_gettime(CLOCK_MONOTONIC, &limit);
    const std::int64_t nanos = limit.tv_nsec + timeout.count() % 1'000'000'000;
    limit.tv_sec += static_cast<time_t>(timeout.count() / 1'000'000'000 + nanos / 1'000'000'000);
    limit.tv_nsec = static_cast<long>(nanos % 1'000'000'000);
  }
  const long result = syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected,
                              timeout < Duration::zero() ? nullptr : &limit, nullptr, bit);
  if (result == 0 || errno == EAGAIN) return FutexWait::kWoken;
  return errno == ETIMEDOUT ? FutexWait::kTimeout : FutexWait::kInterrupted;
}

inline void futex_wake_one(std::atomic<std::uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}
inline void futex_wake_all(std::atomic<std::uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 0x7fffffff, nullptr, nullptr, 0);
}

// Wakes all who wait at one of these places: one call to the kernel for up to 32 of them.
inline void futex_wake_bits(std::atomic<std::uint32_t>& word, std::uint32_t bits) {
  syscall(SYS_futex, &word, FUTEX_WAKE_BITSET_PRIVATE, 0x7fffffff, nullptr, nullptr, bits);
}

}  // namespace godwit

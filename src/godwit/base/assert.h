#pragma once

// Assertions state what the program itself guarantees. A peer's or a user's mistake is never an assertion: it is a
// Result whose text says what to do.

namespace godwit {

// Prints "FILE:LINE: assertion failed: TEXT" on standard error and aborts.
[[noreturn]] void assertion_failed(const char* file, int line, const char* text);

}  // namespace godwit

// Checked in every build. The condition is evaluated exactly once.
#define GODWIT_ASSERT(condition) \
  (__builtin_expect(!!(condition), 1) ? (void)0 : ::godwit::assertion_failed(__FILE__, __LINE__, #condition))

// Checked unless NDEBUG is defined: for conditions on a hot path. Not evaluated in release builds.
#ifdef NDEBUG
#define GODWIT_DEBUG_ASSERT(condition) ((void)0)
#else
#define GODWIT_DEBUG_ASSERT(condition) GODWIT_ASSERT(condition)
#endif

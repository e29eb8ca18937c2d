#pragma once

#include <nanobind/nanobind.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>

#include "godwit/base/block.h"
#include "godwit/base/time.h"
#include "unlocked.h"
#include "wire.h"

// Values on their way between Python and C++, for all bindings. Everything here wants Python's lock; what can fail
// leaves an exception set.
namespace godwit::python {

namespace nb = nanobind;

// Metadata as callers give it: None, or an iterable of pairs (str, str or bytes). False with an exception set.
bool read_metadata(PyObject* from, Entries& to);
// (key, value) as callers get it: bytes for keys that end in "-bin", else str. Null with an exception set.
PyObject* metadata_pair(std::string_view key, std::string_view value);
PyObject* metadata_tuple(const Entries& entries);

// The bytes of a message. False with an exception set when it is no bytes object.
bool read_message(PyObject* from, std::string_view& to);
inline PyObject* new_bytes(std::string_view bytes) {
  return PyBytes_FromStringAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size()));
}
inline PyObject* new_bytes(const Slice& slice) { return new_bytes(as_text(slice.bytes())); }

// Seconds; None, or what no clock can hold, is "for ever": negative, kNever. False with an exception set.
bool read_timeout(PyObject* from, Duration& to);
inline TimePoint time_after(Duration timeout) {
  return timeout < Duration::zero() ? kNever : add_saturating(system_clock().now(), timeout);
}
// Seconds from now, zero or more; None for kNever.
PyObject* seconds_until(TimePoint time);

// True in the thread that runs handlers of signals. Asked of the system once for each thread and process.
bool in_main_thread();

// Waits without Python's lock: calls `wait(until)` until it says that it is ready or that is `until`'s turn; the main
// thread looks at signals every 0.2 seconds. `wait` gives true when there is nothing more to wait for. False with an
// exception set when a signal's handler raised one.
template <typename Wait>
bool wait_for_python(TimePoint until, Wait&& wait) {
  const bool main_thread = in_main_thread();
  for (;;) {
    TimePoint step = until;
    if (main_thread) step = std::min(until, system_clock().now() + std::chrono::milliseconds(200));
    bool done = false;
    {
      const Unlocked unlocked;
      done = wait(step);
    }
    if (PyErr_CheckSignals() != 0) return false;
    if (done || step == until) return true;
  }
}

}  // namespace godwit::python

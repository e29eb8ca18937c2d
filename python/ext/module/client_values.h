#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <string>

#include "channel.h"
#include "event_queue.h"
#include "godwit/base/time.h"
#include "godwit/rpc/metadata.h"
#include "unlocked.h"

// Beside values.h, for the bindings of the client: all with Python's lock; what can fail throws.
namespace godwit::python {

namespace nb = nanobind;

// Seconds as float or int; None: nothing. TypeError, ValueError (NaN) name `what`.
std::optional<Duration> duration_of(nb::handle seconds, const char* what);

// The first reason why metadata can't be sent, or "". `wrong_type` says which exception fits. Adds the entries to
// `out`.
std::string read_metadata(nb::handle metadata, Metadata& out, bool& wrong_type);
// The same, with TypeError or ValueError.
void add_metadata(nb::handle metadata, Metadata& out);

// A tuple of (key, value); with `status_details` under its key at the end, if it is not empty.
nb::object tuple_of(const Metadata& metadata, std::string_view status_details = {});

Options options_of(nb::handle options);

// Text that came from outside: UTF-8, or Latin-1 where it is not.
nb::object str_of(std::string_view text);

// True on the thread that Python runs signal handlers on.
bool on_main_thread();

// Calls step(until) without Python's lock until it returns something else than `again`, or the time is over. In the
// main thread it looks at signals at least every 0.2 s; then a handler's exception ends it.
template <typename Result, typename Step>
Result wait_in_slices(std::optional<Duration> timeout, Result again, Step step) {
  constexpr Duration kSlice = std::chrono::milliseconds(200);
  const TimePoint end = timeout ? add_saturating(system_clock().now(), *timeout) : kNever;
  const bool main = on_main_thread();
  for (;;) {
    Result result;
    {
      const Unlocked unlocked;
      result = step(main ? std::min(end, system_clock().now() + kSlice) : end);
    }
    if (result != again) return result;
    if (main && PyErr_CheckSignals() != 0) throw nb::python_error();
    if (end != kNever && system_clock().now() >= end) return result;
  }
}

}  // namespace godwit::python

#include "values.h"

#include <unistd.h>

#include <cmath>

#include "runtime.h"

namespace godwit::python {
namespace {

// A str or bytes object as bytes. The view lives as long as the object.
bool text_of(PyObject* object, const char* what, std::string_view& text) {
  Py_ssize_t size = 0;
  const char* data = nullptr;
  if (PyUnicode_Check(object)) {
    data = PyUnicode_AsUTF8AndSize(object, &size);
    if (!data) return false;
  } else if (PyBytes_Check(object)) {
    data = PyBytes_AS_STRING(object);
    size = PyBytes_GET_SIZE(object);
  } else {
    PyErr_Format(PyExc_TypeError, "a metadata %s must be str or bytes, not %.100s", what, Py_TYPE(object)->tp_name);
    return false;
  }
  text = {data, static_cast<std::size_t>(size)};
  return true;
}

bool read_pair(PyObject* pair, Entries& to) {
  PyObject* fast = PySequence_Fast(pair, "metadata must be a sequence of (key, value) pairs");
  if (!fast) return false;
  std::string_view key, value;
  bool fine = PySequence_Fast_GET_SIZE(fast) == 2;
  if (!fine) {
    PyErr_SetString(PyExc_ValueError, "metadata must be a sequence of (key, value) pairs");
  } else {
    PyObject** items = PySequence_Fast_ITEMS(fast);
    fine = text_of(items[0], "key", key) && text_of(items[1], "value", value);
    if (fine) to.emplace_back(key, value);
  }
  Py_DECREF(fast);
  return fine;
}

}  // namespace

bool read_metadata(PyObject* from, Entries& to) {
  if (from == nullptr || from == Py_None) return true;
  PyObject* pairs = PySequence_Fast(from, "metadata must be an iterable of (key, value) pairs");
  if (!pairs) return false;
  const Py_ssize_t count = PySequence_Fast_GET_SIZE(pairs);
  to.reserve(to.size() + static_cast<std::size_t>(count));
  bool fine = true;
  for (Py_ssize_t i = 0; fine && i < count; ++i) fine = read_pair(PySequence_Fast_GET_ITEM(pairs, i), to);
  Py_DECREF(pairs);
  return fine;
}

PyObject* metadata_pair(std::string_view key, std::string_view value) {
  PyObject* name = PyUnicode_DecodeLatin1(key.data(), static_cast<Py_ssize_t>(key.size()), nullptr);
  PyObject* content = nullptr;
  if (key.ends_with("-bin")) {
    content = new_bytes(value);
  } else {
    content = PyUnicode_DecodeUTF8(value.data(), static_cast<Py_ssize_t>(value.size()), nullptr);
    if (!content) {
      PyErr_Clear();
      content = PyUnicode_DecodeLatin1(value.data(), static_cast<Py_ssize_t>(value.size()), nullptr);
    }
  }
  PyObject* pair = name && content ? PyTuple_Pack(2, name, content) : nullptr;
  Py_XDECREF(name);
  Py_XDECREF(content);
  return pair;
}

PyObject* metadata_tuple(const Entries& entries) {
  PyObject* tuple = PyTuple_New(static_cast<Py_ssize_t>(entries.size()));
  if (!tuple) return nullptr;
  Py_ssize_t i = 0;
  for (const auto& [key, value] : entries) {
    PyObject* pair = metadata_pair(key, value);
    if (!pair) {
      Py_DECREF(tuple);
      return nullptr;
    }
    PyTuple_SET_ITEM(tuple, i++, pair);
  }
  return tuple;
}

bool read_message(PyObject* from, std::string_view& to) {
  if (!PyBytes_Check(from)) {
    PyErr_Format(PyExc_TypeError, "a message must be bytes, not %.100s", Py_TYPE(from)->tp_name);
    return false;
  }
  to = {PyBytes_AS_STRING(from), static_cast<std::size_t>(PyBytes_GET_SIZE(from))};
  return true;
}

bool read_timeout(PyObject* from, Duration& to) {
  to = Duration(-1);
  if (from == nullptr || from == Py_None) return true;
  const double seconds = PyFloat_AsDouble(from);
  if (seconds == -1.0 && PyErr_Occurred()) return false;
  constexpr double kLongest = 100.0 * 365 * 24 * 3600;
  if (std::isnan(seconds)) {
    PyErr_SetString(PyExc_ValueError, "a timeout must be a number of seconds or None");
    return false;
  }
  if (seconds < kLongest) to = Duration(static_cast<std::int64_t>(std::max(seconds, 0.0) * 1e9));
  return true;
}

bool in_main_thread() {
  thread_local std::optional<std::uint64_t> generation;
  thread_local bool main = false;
  if (generation != Runtime::generation()) {
    generation = Runtime::generation();
    main = getpid() == gettid();
  }
  return main;
}

PyObject* seconds_until(TimePoint time) {
  if (time == kNever) Py_RETURN_NONE;
  const Duration left = std::max(time - system_clock().now(), Duration::zero());
  return PyFloat_FromDouble(std::chrono::duration<double>(left).count());
}

}  // namespace godwit::python

#include "client_values.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cmath>

#include "godwit/net/fork.h"
#include "values.h"
#include "wire.h"

namespace godwit::python {
namespace {

// The bytes of a str (UTF-8) or bytes object, while it lives.
std::optional<std::string_view> view_of(nb::handle object) {
  if (PyUnicode_Check(object.ptr())) {
    Py_ssize_t size = 0;
    const char* data = PyUnicode_AsUTF8AndSize(object.ptr(), &size);
    if (data) return std::string_view(data, static_cast<std::size_t>(size));
    PyErr_Clear();  // lone surrogates
    return {};
  }
  if (PyBytes_Check(object.ptr())) {
    return std::string_view(PyBytes_AS_STRING(object.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(object.ptr())));
  }
  return {};
}

std::string shown(nb::handle object) {
  const nb::object text = nb::steal(PyObject_Repr(object.ptr()));
  if (!text.is_valid()) {
    PyErr_Clear();
    return "?";
  }
  return std::string(nb::str(text).c_str()).substr(0, 100);
}
std::string kind_of(nb::handle object) { return Py_TYPE(object.ptr())->tp_name; }

std::string read_entry(nb::handle key_object, nb::handle value_object, Metadata& out, bool& wrong_type) {
  const auto key = view_of(key_object);
  if (!key) {
    wrong_type = true;
    return "metadata key " + shown(key_object) + ": a key is a str, not " + kind_of(key_object);
  }
  const auto value = view_of(value_object);
  const bool binary = key->ends_with("-bin");
  if (!value || (binary && !PyBytes_Check(value_object.ptr()))) {
    wrong_type = true;
    return "metadata key " + shown(key_object) + ": the value is " + (binary ? "bytes" : "a str") + ", not " +
           kind_of(value_object);
  }
  for (const char c : *key) {
    if (c >= 'A' && c <= 'Z') return "metadata key " + shown(key_object) + ": keys are lower case";
  }
  return add_entry(*key, *value, out) ? std::string() : out.problem();
}

}  // namespace

std::optional<Duration> duration_of(nb::handle seconds, const char* what) {
  if (seconds.is_none()) return {};
  const double value = PyFloat_AsDouble(seconds.ptr());
  if (value == -1.0 && PyErr_Occurred()) throw nb::python_error();
  if (std::isnan(value)) throw nb::value_error((std::string(what) + " is not a number").c_str());
  constexpr double kMost = 1e9;  // thirty years
  if (value > kMost)
    return std::isinf(value) ? std::nullopt : std::optional<Duration>(std::chrono::seconds(1'000'000'000));
  if (value < -kMost) return -std::chrono::seconds(1'000'000'000);
  return Duration(static_cast<std::int64_t>(value * 1e9));
}

std::string read_metadata(nb::handle metadata, Metadata& out, bool& wrong_type) {
  wrong_type = false;
  if (metadata.is_none()) return {};
  const nb::object entries = nb::steal(PySequence_Fast(metadata.ptr(), ""));
  if (!entries.is_valid()) {
    PyErr_Clear();
    wrong_type = true;
    return "metadata is a sequence of (key, value), not " + kind_of(metadata);
  }
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(entries.ptr()); ++i) {
    const nb::handle entry = PySequence_Fast_GET_ITEM(entries.ptr(), i);
    if (PyTuple_Check(entry.ptr()) && PyTuple_GET_SIZE(entry.ptr()) == 2) {
      std::string problem =
          read_entry(PyTuple_GET_ITEM(entry.ptr(), 0), PyTuple_GET_ITEM(entry.ptr(), 1), out, wrong_type);
      if (!problem.empty()) return problem;
      continue;
    }
    const nb::object pair = nb::steal(PySequence_Fast(entry.ptr(), ""));
    if (!pair.is_valid()) PyErr_Clear();
    if (!pair.is_valid() || PySequence_Fast_GET_SIZE(pair.ptr()) != 2 || PyUnicode_Check(entry.ptr())) {
      return "metadata entry " + shown(entry) + ": an entry is a pair (key, value)";
    }
    std::string problem =
        read_entry(PySequence_Fast_GET_ITEM(pair.ptr(), 0), PySequence_Fast_GET_ITEM(pair.ptr(), 1), out, wrong_type);
    if (!problem.empty()) return problem;
  }
  return {};
}

void add_metadata(nb::handle metadata, Metadata& out) {
  if (metadata.is_none()) return;
  bool wrong_type = false;
  const std::string problem = read_metadata(metadata, out, wrong_type);
  if (problem.empty()) return;
  if (wrong_type) throw nb::type_error(problem.c_str());
  throw nb::value_error(problem.c_str());
}

nb::object str_of(std::string_view text) {
  const auto size = static_cast<Py_ssize_t>(text.size());
  nb::object made = nb::steal(PyUnicode_DecodeUTF8(text.data(), size, nullptr));
  if (made.is_valid()) return made;
  PyErr_Clear();
  made = nb::steal(PyUnicode_DecodeLatin1(text.data(), size, nullptr));
  if (!made.is_valid()) throw nb::python_error();
  return made;
}

nb::object tuple_of(const Metadata& metadata, std::string_view status_details) {
  const std::size_t count = metadata.size() + (status_details.empty() ? 0 : 1);
  nb::object made = nb::steal(PyTuple_New(static_cast<Py_ssize_t>(count)));
  if (!made.is_valid()) throw nb::python_error();
  auto put = [&](std::size_t i, std::string_view key, std::string_view value) {
    PyObject* pair = metadata_pair(key, value);
    if (!pair) throw nb::python_error();
    PyTuple_SET_ITEM(made.ptr(), static_cast<Py_ssize_t>(i), pair);
  };
  for (std::size_t i = 0; i < metadata.size(); ++i) put(i, metadata[i].key, metadata[i].value);
  if (!status_details.empty()) put(metadata.size(), kStatusDetailsKey, status_details);
  return made;
}

Options options_of(nb::handle options) {
  Options out;
  if (options.is_none()) return out;
  for (const nb::handle option : nb::borrow<nb::iterable>(options)) {
    const nb::object pair = nb::steal(PySequence_Fast(option.ptr(), "an option is a pair (name, value)"));
    if (!pair.is_valid()) throw nb::python_error();
    if (PySequence_Fast_GET_SIZE(pair.ptr()) != 2) throw nb::value_error("an option is a pair (name, value)");
    const auto name = view_of(PySequence_Fast_GET_ITEM(pair.ptr(), 0));
    if (!name) throw nb::type_error("the name of an option is a str");
    const nb::handle value = PySequence_Fast_GET_ITEM(pair.ptr(), 1);
    if (PyLong_Check(value.ptr())) {
      int overflow = 0;
      const long long number = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
      if (overflow != 0)
        throw nb::value_error(("option '" + std::string(*name) + "': the number is too large").c_str());
      out.emplace_back(std::string(*name), static_cast<std::int64_t>(number));
    } else if (const auto text = view_of(value)) {
      out.emplace_back(std::string(*name), std::string(*text));
    }  // others (objects for other implementations) mean nothing here
  }
  return out;
}

bool on_main_thread() {
  struct Known {
    std::uint64_t generation = static_cast<std::uint64_t>(-1);
    bool main = false;
  };
  thread_local Known known;
  if (known.generation != net::fork_generation()) {
    known = {net::fork_generation(), getpid() == static_cast<pid_t>(syscall(SYS_gettid))};
  }
  return known.main;
}

}  // namespace godwit::python

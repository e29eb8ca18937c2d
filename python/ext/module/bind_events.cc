#include <nanobind/nanobind.h>

#include "godwit/base/time.h"
#include "log_lines.h"
#include "module.h"
#include "server_call.h"
#include "values.h"

namespace godwit::python {
namespace {

class WatchSource final : public EventSource {};

// The object that an event is about: a new reference. Null without an exception: nobody waits for it any more.
PyObject* object_of(const EventQueue::Event& event) {
  EventSource& source = *event.source;
  if (source.binding) return Py_NewRef(static_cast<PyObject*>(source.binding));
  if (!source.made_by_engine() || !(event.bits & kArrived)) return nullptr;
  return new_server_call(Ref<ServerCall>::share(static_cast<ServerCall*>(&source)));
}

nb::object drain(QueueHandle& handle, std::size_t max) {
  // One list for each thread, used again and again; a finalizer that drains another queue inside finds it taken.
  thread_local std::vector<EventQueue::Event> spare;
  std::vector<EventQueue::Event> events = std::move(spare);
  events.clear();
  handle.queue->drain(max, events);
  nb::object list = nb::steal(PyList_New(0));
  for (std::size_t i = 0; list.is_valid() && i < events.size(); ++i) {
    PyObject* object = object_of(events[i]);
    if (!object) {
      if (PyErr_Occurred()) list.reset();
      continue;
    }
    PyObject* pair = PyTuple_New(2);
    PyObject* bits = PyLong_FromUnsignedLong(events[i].bits);
    if (pair && bits) {
      PyTuple_SET_ITEM(pair, 0, object);
      PyTuple_SET_ITEM(pair, 1, bits);
      if (PyList_Append(list.ptr(), pair) != 0) list.reset();
      Py_DECREF(pair);
    } else {
      Py_DECREF(object);
      Py_XDECREF(pair);
      Py_XDECREF(bits);
      list.reset();
    }
  }
  events.clear();
  spare = std::move(events);
  if (!list.is_valid()) throw nb::python_error();
  return list;
}

bool wait(QueueHandle& handle, nb::handle timeout) {
  Duration duration;
  if (!read_timeout(timeout.ptr(), duration)) throw nb::python_error();
  const Ref<EventQueue> queue = handle.queue;
  bool there = queue->size() > 0;
  const bool fine = there || wait_for_python(time_after(duration), [&](TimePoint until) {
                      const TimePoint now = system_clock().now();
                      there = queue->wait(until == kNever ? Duration(-1) : std::max(until - now, Duration::zero()));
                      return there || queue->closed();
                    });
  if (!fine) throw nb::python_error();
  return there;
}

}  // namespace

void bind_events(nb::module_& m) {
  m.attr("ARRIVED") = static_cast<int>(kArrived);
  m.attr("INITIAL_METADATA") = static_cast<int>(kInitialMetadata);
  m.attr("MESSAGE") = static_cast<int>(kMessage);
  m.attr("WRITABLE") = static_cast<int>(kWritable);
  m.attr("ENDED") = static_cast<int>(kEnded);
  m.attr("READY") = 0;
  m.attr("CALL_ENDED") = 1;
  m.attr("TIMEOUT") = 2;

  nb::class_<QueueHandle>(m, "EventQueue")
      .def(
          "__init__",
          [](QueueHandle* self, bool with_descriptor) {
            Ref<EventQueue> queue = EventQueue::make(with_descriptor);
            if (!queue) throw std::runtime_error("no event descriptor: the process has too many files open");
            new (self) QueueHandle(std::move(queue));
          },
          nb::arg("with_descriptor") = false)
      .def("fileno", [](QueueHandle& self) { return self.queue->descriptor(); })
      .def("drain", &drain, nb::arg("max") = 64)
      .def("wait", &wait, nb::arg("timeout") = nb::none())
      .def("close", [](QueueHandle& self) { self.queue->close(); })
      .def("__len__", [](QueueHandle& self) { return self.queue->size(); })
      .def("taken", [](QueueHandle& self) { return self.queue->taken(); });

  nb::class_<WatchHandle>(m, "Watch", nb::dynamic_attr(), nb::is_weak_referenceable())
      .def(
          "__init__",
          [](nb::pointer_and_handle<WatchHandle> self, QueueHandle& queue) {
            auto source = Ref<EventSource>::adopt(new WatchSource);
            source->set_queue(queue.queue);
            source->binding = self.h.ptr();
            new (self.p) WatchHandle(std::move(source));
            nb::setattr(self.h, "user", nb::none());
          },
          nb::arg("queue"), nb::keep_alive<1, 2>());

  LogLines::install();
  m.def("watch_log", [](WatchHandle& watch) { LogLines::watch(watch.source); }, nb::arg("watch"));
  m.def("log_lines", [] {
    nb::list list;
    for (const LogLines::Line& line : LogLines::take()) {
      list.append(nb::make_tuple(
          line.level, nb::str(line.subsystem.c_str(), line.subsystem.size()),
          nb::steal(PyUnicode_DecodeUTF8(line.text.data(), static_cast<Py_ssize_t>(line.text.size()), "replace"))));
    }
    return list;
  });
}

}  // namespace godwit::python

#include <Python.h>
#include <structmember.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "event_queue.h"
#include "module.h"
#include "runtime.h"

// What asyncio needs and Python code would be slow at: handing events to their calls, and waking the tasks that wait.
namespace godwit::python {
namespace {

// What this thread is doing, under Python's lock.
struct Turn {
  PyObject* pump = nullptr;    // whose events are handed out; borrowed
  bool between_tasks = false;  // and no task of its loop runs: one may be stepped from here
  std::uint64_t generation = 0;
};
thread_local Turn turn;

// What a task awaits: it looks like a future to the task, but wake() steps the task at once where it may, instead of by
// way of the loop's list of callbacks. One task awaits it, once.
struct Waiter {
  PyObject_HEAD PyObject* loop;
  PyObject* owner;    // or null. owner._outcome() gives what `await` gives, owner._cancel_for_task() hears of a cancel
  PyObject* wakeup;   // of the task, once it waits
  PyObject* context;  // of the task
  PyObject* message;  // what cancel() was given, or null: structured concurrency knows its own cancellations by it
  char blocking;      // asyncio's mark of a future that was yielded by `await`
  char done;
  char cancelled;
};

PyTypeObject* waiter_type = nullptr;
struct Names {
  PyObject* event;
  PyObject* user;
  PyObject* outcome;
  PyObject* cancel_for_task;
  PyObject* complain;
  PyObject* call_soon;
  PyObject* context_keyword;  // ("context",)
  PyObject* cancelled_error;
};
Names names;

int waiter_traverse(Waiter* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(self->loop);
  Py_VISIT(self->owner);
  Py_VISIT(self->wakeup);
  Py_VISIT(self->context);
  Py_VISIT(self->message);
  return 0;
}

int waiter_clear(Waiter* self) {
  Py_CLEAR(self->loop);
  Py_CLEAR(self->owner);
  Py_CLEAR(self->wakeup);
  Py_CLEAR(self->context);
  Py_CLEAR(self->message);
  return 0;
}

void waiter_dealloc(Waiter* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  waiter_clear(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* waiter_self(PyObject* self) { return Py_NewRef(self); }

PySendResult waiter_send(PyObject* object, PyObject*, PyObject** result) {
  auto* self = reinterpret_cast<Waiter*>(object);
  if (!self->done) {
    self->blocking = 1;
    *result = Py_NewRef(object);
    return PYGEN_NEXT;
  }
  *result = self->owner ? PyObject_CallMethodNoArgs(self->owner, names.outcome) : Py_NewRef(Py_None);
  return *result ? PYGEN_RETURN : PYGEN_ERROR;
}

// For `yield from` in generators.
PyObject* waiter_next(PyObject* object) {
  PyObject* result = nullptr;
  const PySendResult sent = waiter_send(object, Py_None, &result);
  if (sent != PYGEN_RETURN) return result;
  if (PyObject* error = PyObject_CallOneArg(PyExc_StopIteration, result)) {
    PyErr_SetObject(PyExc_StopIteration, error);
    Py_DECREF(error);
  }
  Py_DECREF(result);
  return nullptr;
}

// The task's wake-up, by way of the loop.
bool call_soon(Waiter* self) {
  PyObject* arguments[] = {self->loop, self->wakeup, reinterpret_cast<PyObject*>(self), self->context};
  const bool with_context = self->context != nullptr;
  PyObject* handle =
      PyObject_VectorcallMethod(names.call_soon, arguments, 3, with_context ? names.context_keyword : nullptr);
  Py_XDECREF(handle);
  return handle != nullptr;
}

bool wake(Waiter* self) {
  if (self->done) return true;
  self->done = 1;
  if (!self->wakeup) return true;  // nobody awaits it yet
  if (!turn.between_tasks || !self->context) return call_soon(self);
  turn.between_tasks = false;
  bool fine = PyContext_Enter(self->context) == 0;
  if (fine) {
    PyObject* result = PyObject_CallOneArg(self->wakeup, reinterpret_cast<PyObject*>(self));
    fine = result != nullptr;
    Py_XDECREF(result);
    PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
    if (!fine) PyErr_Fetch(&type, &value, &traceback);
    const bool left = PyContext_Exit(self->context) == 0;
    if (!fine) PyErr_Restore(type, value, traceback);
    fine = fine && left;
  }
  turn.between_tasks = true;
  return fine;
}

PyObject* waiter_wake(Waiter* self, PyObject*) {
  if (!wake(self)) return nullptr;
  Py_RETURN_NONE;
}

// ---- what tasks call

PyObject* waiter_get_loop(Waiter* self, PyObject*) { return Py_NewRef(self->loop ? self->loop : Py_None); }

PyObject* waiter_add_done_callback(Waiter* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  const Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
  if (count != 1 || named > 1) {
    PyErr_SetString(PyExc_TypeError, "add_done_callback(callback, *, context)");
    return nullptr;
  }
  if (self->wakeup) {
    PyErr_SetString(PyExc_RuntimeError, "one task awaits it, once");
    return nullptr;
  }
  self->wakeup = Py_NewRef(arguments[0]);
  if (named == 1) self->context = Py_NewRef(arguments[1]);
  if (self->done && !call_soon(self)) return nullptr;
  Py_RETURN_NONE;
}

PyObject* waiter_result(Waiter* self, PyObject*) {
  if (!self->cancelled) Py_RETURN_NONE;
  if (self->message) {
    PyErr_SetObject(names.cancelled_error, self->message);
  } else {
    PyErr_SetNone(names.cancelled_error);
  }
  return nullptr;
}

// cancel(msg=None)
PyObject* waiter_cancel(Waiter* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  if (count + (keywords ? PyTuple_GET_SIZE(keywords) : 0) > 1) {
    PyErr_SetString(PyExc_TypeError, "cancel(msg=None)");
    return nullptr;
  }
  if (self->done) Py_RETURN_FALSE;
  self->done = self->cancelled = 1;
  if ((count > 0 || keywords) && arguments[0] != Py_None) self->message = Py_NewRef(arguments[0]);
  if (self->owner) {
    PyObject* result = PyObject_CallMethodNoArgs(self->owner, names.cancel_for_task);
    if (!result) return nullptr;
    Py_DECREF(result);
  }
  if (self->wakeup && !call_soon(self)) return nullptr;
  Py_RETURN_TRUE;
}

PyObject* make_waiter(PyObject*, PyObject* const* arguments, Py_ssize_t count) {
  if (count != 2 && count != 3) {
    PyErr_SetString(PyExc_TypeError, "waiter(loop, owner, done=False)");
    return nullptr;
  }
  auto* self = PyObject_GC_New(Waiter, waiter_type);
  if (!self) return nullptr;
  self->loop = Py_NewRef(arguments[0]);
  self->owner = arguments[1] == Py_None ? nullptr : Py_NewRef(arguments[1]);
  self->wakeup = self->context = self->message = nullptr;
  self->blocking = self->cancelled = 0;
  self->done = count == 3 && arguments[2] == Py_True;
  PyObject_GC_Track(self);
  return reinterpret_cast<PyObject*>(self);
}

PyMethodDef waiter_methods[] = {
    {"wake", reinterpret_cast<PyCFunction>(&waiter_wake), METH_NOARGS, nullptr},
    {"get_loop", reinterpret_cast<PyCFunction>(&waiter_get_loop), METH_NOARGS, nullptr},
    {"add_done_callback", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&waiter_add_done_callback)),
     METH_FASTCALL | METH_KEYWORDS, nullptr},
    {"result", reinterpret_cast<PyCFunction>(&waiter_result), METH_NOARGS, nullptr},
    {"cancel", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&waiter_cancel)), METH_FASTCALL | METH_KEYWORDS,
     nullptr},
    {nullptr, nullptr, 0, nullptr}};
PyMemberDef waiter_members[] = {{"_asyncio_future_blocking", T_BOOL, offsetof(Waiter, blocking), 0, nullptr},
                                {nullptr, 0, 0, 0, nullptr}};
PyType_Slot waiter_slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(&waiter_dealloc)},
                              {Py_tp_traverse, reinterpret_cast<void*>(&waiter_traverse)},
                              {Py_tp_clear, reinterpret_cast<void*>(&waiter_clear)},
                              {Py_tp_iter, reinterpret_cast<void*>(&waiter_self)},
                              {Py_tp_iternext, reinterpret_cast<void*>(&waiter_next)},
                              {Py_am_await, reinterpret_cast<void*>(&waiter_self)},
                              {Py_am_send, reinterpret_cast<void*>(&waiter_send)},
                              {Py_tp_methods, waiter_methods},
                              {Py_tp_members, waiter_members},
                              {0, nullptr}};
PyType_Spec waiter_spec = {"grpc._godwit.Waiter", sizeof(Waiter), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, waiter_slots};

// ---- handing out events

// user._event(bits). False with an exception that pump.complain() must not have: the program is to end.
bool hand_over(PyObject* pump, PyObject* source, std::uint32_t bits) {
  PyObject* user = PyObject_GetAttr(source, names.user);
  if (user == Py_None) {
    Py_DECREF(user);
    return true;
  }
  if (user) {
    PyObject* number = PyLong_FromUnsignedLong(bits);
    PyObject* arguments[] = {user, number};
    turn.between_tasks = true;
    PyObject* result = number ? PyObject_VectorcallMethod(names.event, arguments, 2, nullptr) : nullptr;
    turn.between_tasks = false;
    Py_DECREF(user);
    Py_XDECREF(number);
    if (result) {
      Py_DECREF(result);
      return true;
    }
  }
  if (!PyErr_ExceptionMatches(PyExc_Exception)) return false;
  PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback) PyException_SetTraceback(value, traceback);
  PyObject* told = PyObject_CallMethodOneArg(pump, names.complain, value);
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(traceback);
  Py_XDECREF(told);
  return told != nullptr;
}

// Not by way of nanobind: when the interpreter ends, a daemon thread that wants its lock back inside of a callback ends
// by an exception that nobody may catch; what it passes lets go of nothing of Python's.
PyObject* dispatch(PyObject*, PyObject* const* arguments, Py_ssize_t count) {
  constexpr std::size_t kAtOnce = 64;
  QueueHandle* handle = nullptr;
  if (count != 2 || !nb::try_cast(nb::handle(arguments[0]), handle) || !handle) {
    PyErr_SetString(PyExc_TypeError, "dispatch(queue, pump)");
    return nullptr;
  }
  PyObject* pump = arguments[1];
  // One list for each thread, used again and again; a loop that runs inside a callback finds it taken.
  thread_local std::vector<EventQueue::Event> spare;
  std::vector<EventQueue::Event> events = std::move(spare);
  events.clear();
  handle->queue->drain(kAtOnce, events);
  const Turn outer = std::exchange(turn, {pump, false, Runtime::generation()});
  bool fine = true;
  for (EventQueue::Event& event : events) {
    if (!fine) {
      event.source->signal(event.bits);                                         // comes again
    } else if (auto* source = static_cast<PyObject*>(event.source->binding)) {  // else nobody holds it any more
      Py_INCREF(source);
      fine = hand_over(pump, source, event.bits);
      Py_DECREF(source);
    }
  }
  turn = outer;
  events.clear();
  spare = std::move(events);
  if (!fine) return nullptr;
  Py_RETURN_NONE;
}

// In the child of a fork inside of a callback, the pump is the parent's.
PyObject* dispatching(PyObject*, PyObject*) {
  return Py_NewRef(turn.pump && turn.generation == Runtime::generation() ? turn.pump : Py_None);
}

PyMethodDef functions[] = {
    {"waiter", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&make_waiter)), METH_FASTCALL, nullptr},
    {"dispatch", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&dispatch)), METH_FASTCALL, nullptr},
    {"dispatching", &dispatching, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

void bind_asyncio(nb::module_& m) {
  names.event = PyUnicode_InternFromString("_event");
  names.user = PyUnicode_InternFromString("user");
  names.outcome = PyUnicode_InternFromString("_outcome");
  names.cancel_for_task = PyUnicode_InternFromString("_cancel_for_task");
  names.complain = PyUnicode_InternFromString("complain");
  names.call_soon = PyUnicode_InternFromString("call_soon");
  names.context_keyword = nb::make_tuple("context").release().ptr();
  waiter_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&waiter_spec));
  if (!waiter_type || PyModule_AddFunctions(m.ptr(), functions) != 0) throw nb::python_error();
  m.attr("Waiter") = nb::handle(reinterpret_cast<PyObject*>(waiter_type));
  // asyncio itself is not imported here: most programs do not need it.
  m.def("set_cancelled_error", [](nb::object error) { names.cancelled_error = error.release().ptr(); });
}

}  // namespace godwit::python

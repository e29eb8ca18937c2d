// ServerCall in the interpreter's own terms, not nanobind's: several of these functions run for each call of a server,
// and what the interpreter finds in slots of a plain type costs it next to nothing.
#include <Python.h>
#include <structmember.h>

#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "godwit/tls/certificate.h"
#include "module.h"
#include "server_call.h"
#include "server_objects.h"
#include "values.h"

namespace godwit::python {
namespace {

struct Object {
  PyObject_HEAD ServerCall* call;  // with a reference
  PyObject* user;
  PyObject* path;
  PyObject* method_id;
  PyObject* request;
  bool finished;
};

PyTypeObject* type = nullptr;

Object& self_of(PyObject* self) { return *reinterpret_cast<Object*>(self); }
ServerCall& call_of(PyObject* self) { return *self_of(self).call; }

// --- the object ---

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(self_of(self).user);
  return 0;
}

int clear(PyObject* self) {
  Py_CLEAR(self_of(self).user);
  return 0;
}

void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Object& object = self_of(self);
  object.call->binding = nullptr;
  if (!object.finished) object.call->abandon();
  object.call->release();
  Py_CLEAR(object.user);
  Py_CLEAR(object.path);
  Py_CLEAR(object.method_id);
  Py_CLEAR(object.request);
  PyTypeObject* const own_type = Py_TYPE(self);
  PyObject_GC_Del(self);
  Py_DECREF(own_type);
}

// --- what is known from the beginning ---

PyObject* text(std::string_view view) {
  return PyUnicode_DecodeUTF8(view.data(), static_cast<Py_ssize_t>(view.size()), "replace");
}

PyObject* authority(PyObject* self, void*) { return text(call_of(self).authority()); }
PyObject* peer(PyObject* self, PyObject*) { return text(call_of(self).peer()); }
PyObject* time_remaining(PyObject* self, PyObject*) { return seconds_until(call_of(self).deadline()); }

PyObject* invocation_metadata(PyObject* self, PyObject*) {
  const ServerCall& call = call_of(self);
  PyObject* tuple = PyTuple_New(static_cast<Py_ssize_t>(call.metadata_size()));
  if (!tuple) return nullptr;
  Py_ssize_t i = 0;
  bool fine = true;
  call.for_each_metadata([&](std::string_view key, std::string_view value) {
    PyObject* pair = fine ? metadata_pair(key, value) : nullptr;
    fine = pair != nullptr;
    if (fine) PyTuple_SET_ITEM(tuple, i++, pair);
  });
  if (!fine) Py_CLEAR(tuple);
  return tuple;
}

// As dict[str, list[bytes]].
PyObject* auth_context(PyObject* self, PyObject*) {
  nb::dict dict;
  const ServerCall::Peer* peer = call_of(self).tls_peer();
  if (peer) {
    const auto add = [&](const char* key, std::string_view value) {
      if (value.empty()) return;
      if (!dict.contains(key)) dict[key] = nb::list();
      nb::cast<nb::list>(dict[key]).append(nb::bytes(value.data(), value.size()));
    };
    add("transport_security_type", "ssl");
    add("security_level", "TSI_PRIVACY_AND_INTEGRITY");
    add("ssl_session_reused", "false");
    add("ssl_tls_version", peer->tls_version);
    add("x509_common_name", peer->common_name);
    const tls::CertificateNames names = tls::names_in(peer->certificate_pem);
    const auto add_all = [&](const char* key, const std::vector<std::string>& all) {
      for (const std::string& name : all) add(key, name);
    };
    add("x509_subject", names.subject);
    add_all("x509_subject_alternative_name", names.all);
    add_all("peer_dns", names.dns_names);
    add_all("peer_uri", names.uris);
    add_all("peer_email", names.emails);
    add_all("peer_ip", names.ip_addresses);
    if (names.uris.size() == 1 && names.uris[0].starts_with("spiffe://")) add("peer_spiffe_id", names.uris[0]);
    add("x509_pem_cert", peer->certificate_pem);
  }
  return dict.release().ptr();
}

// --- commands ---

PyObject* send_initial_metadata(PyObject* self, PyObject* metadata) {
  Entries entries;
  if (!read_metadata(metadata, entries)) return nullptr;
  call_of(self).send_initial_metadata(std::move(entries));
  Py_RETURN_NONE;
}

PyObject* write(PyObject* self, PyObject* message) {
  std::string_view bytes;
  if (!read_message(message, bytes)) return nullptr;
  call_of(self).write(bytes);
  Py_RETURN_NONE;
}

// The arguments of finish(), by position or name.
struct FinishArguments {
  enum { kCode, kDetails, kTrailing, kLast, kLater, kCount };
  PyObject* value[kCount] = {};

  bool read(PyObject* const* args, Py_ssize_t count, PyObject* names) {
    static const char* const kNames[kCount] = {"code", "details", "trailing", "last", "later"};
    if (count > kCount) {
      PyErr_SetString(PyExc_TypeError, "finish() takes at most 5 arguments");
      return false;
    }
    for (Py_ssize_t i = 0; i < count; ++i) value[i] = args[i];
    const Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
    for (Py_ssize_t i = 0; i < named; ++i) {
      PyObject* const name = PyTuple_GET_ITEM(names, i);
      int place = 0;
      while (place < kCount && PyUnicode_CompareWithASCIIString(name, kNames[place]) != 0) ++place;
      if (place == kCount || value[place]) {
        PyErr_Format(PyExc_TypeError, "finish() got an unexpected argument %R", name);
        return false;
      }
      value[place] = args[count + i];
    }
    if (value[kCode] && value[kDetails]) return true;
    PyErr_SetString(PyExc_TypeError, "finish() needs code and details");
    return false;
  }
};

PyObject* finish(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  FinishArguments given;
  if (!given.read(args, count, names)) return nullptr;
  const long code = PyLong_AsLong(given.value[FinishArguments::kCode]);
  if (code == -1 && PyErr_Occurred()) return nullptr;
  Py_ssize_t size = 0;
  const char* details = PyUnicode_AsUTF8AndSize(given.value[FinishArguments::kDetails], &size);
  if (!details) return nullptr;
  Entries trailing;
  if (!read_metadata(given.value[FinishArguments::kTrailing], trailing)) return nullptr;
  std::optional<std::string_view> last;
  if (PyObject* message = given.value[FinishArguments::kLast]; message && message != Py_None) {
    if (!read_message(message, last.emplace())) return nullptr;
  }
  bool later = false;
  if (PyObject* flag = given.value[FinishArguments::kLater]) {
    const int truth = PyObject_IsTrue(flag);
    if (truth < 0) return nullptr;
    later = truth == 1;
  }
  const auto status = code >= 0 && code <= 16 ? static_cast<StatusCode>(code) : StatusCode::kUnknown;
  const std::string_view text(details, static_cast<std::size_t>(size));
  Object& object = self_of(self);
  object.finished = true;
  if (later) {
    object.call->finish_later(status, text, std::move(trailing), last);
  } else {
    object.call->finish(status, text, std::move(trailing), last);
  }
  Py_RETURN_NONE;
}

PyObject* want_message(PyObject* self, PyObject*) {
  call_of(self).want_message();
  Py_RETURN_NONE;
}

PyObject* cancel(PyObject* self, PyObject*) {
  call_of(self).cancel();
  Py_RETURN_NONE;
}

// --- state and waiting ---

PyObject* is_active(PyObject* self, PyObject*) { return PyBool_FromLong(call_of(self).is_active()); }
PyObject* messages_ended(PyObject* self, PyObject*) { return PyBool_FromLong(call_of(self).messages_ended()); }
PyObject* can_write(PyObject* self, PyObject*) { return PyBool_FromLong(call_of(self).can_write()); }

PyObject* take(PyObject* self, PyObject*) {
  Slice message;
  if (!call_of(self).take(message)) Py_RETURN_NONE;
  return new_bytes(message);
}

// Reads the one, optional argument `timeout`, waits, and says how it ended. False with an exception set.
bool wait_for_call(PyObject* self, PyObject* args, PyObject* names, ServerCall::Wait (ServerCall::*wait)(TimePoint),
                   ServerCall::Wait& result) {
  static const char* const kNames[] = {"timeout", nullptr};
  PyObject* given = nullptr;
  Duration timeout;
  if (!PyArg_ParseTupleAndKeywords(args, names, "|O", const_cast<char**>(kNames), &given) ||
      !read_timeout(given, timeout)) {
    return false;
  }
  // `self` is held by the caller, and the call by `self`.
  ServerCall& call = call_of(self);
  return wait_for_python(time_after(timeout), [&](TimePoint until) {
    result = (call.*wait)(until);
    return result != ServerCall::Wait::kTimeout;
  });
}

PyObject* wait_message(PyObject* self, PyObject* args, PyObject* names) {
  ServerCall::Wait result;
  if (!wait_for_call(self, args, names, &ServerCall::wait_message, result)) return nullptr;
  Slice message;
  PyObject* bytes = Py_NewRef(Py_None);
  if (result == ServerCall::Wait::kReady && call_of(self).take(message)) {
    Py_DECREF(bytes);
    bytes = new_bytes(message);
  }
  return bytes ? Py_BuildValue("(Ni)", bytes, static_cast<int>(result)) : nullptr;
}

PyObject* wait_writable(PyObject* self, PyObject* args, PyObject* names) {
  ServerCall::Wait result;
  if (!wait_for_call(self, args, names, &ServerCall::wait_writable, result)) return nullptr;
  return PyLong_FromLong(static_cast<long>(result));
}

// --- the type ---

template <typename F>
PyCFunction as_function(F* function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyMethodDef methods[] = {
    {"peer", peer, METH_NOARGS, nullptr},
    {"invocation_metadata", invocation_metadata, METH_NOARGS, nullptr},
    {"time_remaining", time_remaining, METH_NOARGS, nullptr},
    {"auth_context", auth_context, METH_NOARGS, nullptr},
    {"send_initial_metadata", send_initial_metadata, METH_O, nullptr},
    {"write", write, METH_O, nullptr},
    {"finish", as_function(finish), METH_FASTCALL | METH_KEYWORDS, nullptr},
    {"want_message", want_message, METH_NOARGS, nullptr},
    {"cancel", cancel, METH_NOARGS, nullptr},
    {"is_active", is_active, METH_NOARGS, nullptr},
    {"take", take, METH_NOARGS, nullptr},
    {"messages_ended", messages_ended, METH_NOARGS, nullptr},
    {"can_write", can_write, METH_NOARGS, nullptr},
    {"wait_message", as_function(wait_message), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"wait_writable", as_function(wait_writable), METH_VARARGS | METH_KEYWORDS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyMemberDef members[] = {
    {"user", T_OBJECT_EX, offsetof(Object, user), 0, nullptr},
    {"path", T_OBJECT_EX, offsetof(Object, path), READONLY, nullptr},
    {"method_id", T_OBJECT_EX, offsetof(Object, method_id), READONLY, nullptr},
    {"request", T_OBJECT_EX, offsetof(Object, request), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"authority", authority, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
    {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(clear)},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {Py_tp_getset, properties},
    {0, nullptr},
};
PyType_Spec spec = {"grpc._godwit.ServerCall", sizeof(Object), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};

}  // namespace

PyObject* new_server_call(Ref<ServerCall> call) {
  PyObject* request = nullptr;
  if (call->has_request()) {
    request = new_bytes(call->request());
    call->drop_request();
  } else {
    request = Py_NewRef(Py_None);
  }
  PyObject* path = nullptr;
  PyObject* id = nullptr;
  if (const auto* shared = static_cast<const MethodObjects*>(call->method().binding)) {
    path = Py_NewRef(shared->path);
    id = Py_NewRef(shared->id);
  } else {
    path = text(call->path());
    id = PyLong_FromLong(call->method_id());
  }
  Object* object = request && path && id ? PyObject_GC_New(Object, type) : nullptr;
  if (!object) {
    Py_XDECREF(request);
    Py_XDECREF(path);
    Py_XDECREF(id);
    return nullptr;
  }
  object->request = request;
  object->path = path;
  object->method_id = id;
  object->user = Py_NewRef(Py_None);
  object->finished = false;
  object->call = call.detach();
  object->call->binding = object;
  auto* result = reinterpret_cast<PyObject*>(object);
  PyObject_GC_Track(result);
  return result;
}

void bind_server_call(nb::module_& m) {
  PyObject* made = PyType_FromSpec(&spec);
  if (!made) throw nb::python_error();
  type = reinterpret_cast<PyTypeObject*>(made);
  m.attr("ServerCall") = nb::borrow(made);
}

}  // namespace godwit::python

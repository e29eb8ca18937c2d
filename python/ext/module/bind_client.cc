#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <array>
#include <memory>
#include <string>
#include <utility>

#include "channel.h"
#include "client_call.h"
#include "client_values.h"
#include "godwit/tls/tls_context.h"
#include "module.h"
#include "runtime.h"
#include "unlocked.h"
#include "values.h"

namespace godwit::python {
namespace {

struct PyChannel {
  Ref<Channel> channel;
};

// Python's half of a call. `user` may refer back to it: see the type's slots.
struct PyCall {
  explicit PyCall(Ref<ClientCall> c) : call(std::move(c)) {}
  PyCall(PyCall&&) = default;
  PyCall& operator=(PyCall&&) = delete;
  ~PyCall() {
    if (call) call->binding = nullptr;
  }
  Ref<ClientCall> call;
  nb::object user = nb::none();
  nb::object reply;  // once it was asked for
};

int call_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (!nb::inst_ready(self)) return 0;
  const auto* call = nb::inst_ptr<PyCall>(self);
  Py_VISIT(call->user.ptr());
  return 0;
}
int call_clear(PyObject* self) {
  nb::inst_ptr<PyCall>(self)->user.reset();
  return 0;
}
PyType_Slot call_slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(&call_traverse)},
                            {Py_tp_clear, reinterpret_cast<void*>(&call_clear)},
                            {0, nullptr}};

nb::object object_of(Ref<ClientCall> call) {
  ClientCall* source = call.get();
  nb::object made = nb::cast(PyCall(std::move(call)), nb::rv_policy::move);
  source->binding = made.ptr();
  return made;
}

// The methods of the paths that were called last, by the address of the str object: the same one comes again and again.
class MethodCache {
 public:
  // nullptr: the path is not worth keeping.
  const ClientMethod* find(nb::handle path, MethodKind kind) {
    const auto address = reinterpret_cast<std::uintptr_t>(path.ptr());
    Entry& entry = entries_[(address >> 4 ^ address >> 12) % entries_.size()];
    const bool unary = kind == MethodKind::kUnary;
    if (entry.path.ptr() != path.ptr()) entry = {nb::borrow(path), nullptr, nullptr};
    const ClientMethod*& method = unary ? entry.unary : entry.other;
    if (!method) method = find_method(text_of(path), kind);
    return method;
  }
  static std::string_view text_of(nb::handle path) {
    Py_ssize_t size = 0;
    const char* data = PyUnicode_AsUTF8AndSize(path.ptr(), &size);
    if (!data) throw nb::python_error();
    return {data, static_cast<std::size_t>(size)};
  }

 private:
  struct Entry {
    nb::object path;
    const ClientMethod* unary = nullptr;
    const ClientMethod* other = nullptr;
  };
  std::array<Entry, 256> entries_;
};
MethodCache& methods() {
  static auto* cache = new MethodCache;  // its objects live as long as the process
  return *cache;
}

Ref<ClientCall> make_call(const PyChannel& self, nb::handle path, MethodKind kind, nb::handle timeout,
                          nb::handle metadata, std::optional<bool> wait_for_ready, Ref<EventQueue> queue) {
  CallOptions options;
  options.timeout = duration_of(timeout, "timeout");
  options.wait_for_ready = wait_for_ready;
  const ClientMethod* method = methods().find(path, kind);
  Ref<ClientCall> call =
      method ? ClientCall::make(self.channel, *method, options, std::move(queue))
             : ClientCall::make(self.channel, MethodCache::text_of(path), kind, options, std::move(queue));
  add_metadata(metadata, call->metadata());
  return call;
}

std::string_view view_of(const nb::bytes& bytes) { return {bytes.c_str(), bytes.size()}; }

nb::object unary_blocking(const PyChannel& self, nb::str path, nb::bytes request, nb::handle timeout,
                          nb::handle metadata, std::optional<bool> wait_for_ready) {
  Ref<ClientCall> call = make_call(self, path, MethodKind::kUnary, timeout, metadata, wait_for_ready, {});
  bool started = false;
  try {
    wait_in_slices(std::nullopt, ClientCall::Wait::kTimeout, [&](TimePoint until) {
      if (!std::exchange(started, true)) call->start_with(view_of(request));
      return call->wait_ended(until);
    });
  } catch (...) {
    call->cancel();
    throw;
  }
  return object_of(std::move(call));
}

nb::object start_call(const PyChannel& self, nb::str path, std::optional<nb::bytes> request, nb::handle timeout,
                      nb::handle metadata, std::optional<bool> wait_for_ready, QueueHandle* queue, bool unary) {
  if (unary && !request) throw nb::type_error("a unary call has a request");
  Ref<ClientCall> call = make_call(self, path, unary ? MethodKind::kUnary : MethodKind::kBidiStreaming, timeout,
                                   metadata, wait_for_ready, queue ? queue->queue : Ref<EventQueue>());
  // The object first: an event may come at once.
  nb::object made = object_of(call);
  if (request) {
    call->start_with(view_of(*request));
  } else {
    call->start();
  }
  return made;
}

// The result as the contract numbers it.
enum WaitResult : int { kReady = 0, kCallEnded = 1, kTimeout = 2 };

int number_of(ClientCall::Wait wait) { return static_cast<int>(wait); }
static_assert(static_cast<int>(ClientCall::Wait::kReady) == kReady);
static_assert(static_cast<int>(ClientCall::Wait::kEnded) == kCallEnded);
static_assert(static_cast<int>(ClientCall::Wait::kTimeout) == kTimeout);

int wait_for(PyCall& self, nb::handle timeout, ClientCall::Wait (ClientCall::*what)(TimePoint)) {
  const Ref<ClientCall> call = self.call;
  return number_of(wait_in_slices(duration_of(timeout, "timeout"), ClientCall::Wait::kTimeout,
                                  [&](TimePoint until) { return (*call.*what)(until); }));
}

nb::object take(PyCall& self) {
  Slice message;
  return self.call->take(message) ? nb::object(nb::bytes(message.data(), message.size())) : nb::none();
}

nb::object take_many(PyCall& self, std::size_t max) {
  thread_local std::vector<Slice> messages;
  messages.clear();
  self.call->take_many(max, messages);
  nb::object list = nb::steal(PyList_New(static_cast<Py_ssize_t>(messages.size())));
  for (std::size_t i = 0; list.is_valid() && i < messages.size(); ++i) {
    PyObject* message = new_bytes(messages[i]);
    if (!message) list.reset();
    if (message) PyList_SET_ITEM(list.ptr(), static_cast<Py_ssize_t>(i), message);
  }
  messages.clear();
  if (!list.is_valid()) throw nb::python_error();
  return list;
}

nb::object reply(PyCall& self) {
  if (!self.reply.is_valid()) {
    if (!self.call->ended()) return nb::none();
    self.reply = self.call->code() == StatusCode::kOk ? take(self) : nb::none();
  }
  return self.reply;
}

nb::object seconds_left(const PyCall& self) {
  const TimePoint deadline = self.call->deadline();
  if (deadline == kNever) return nb::none();
  const double left = static_cast<double>((deadline - system_clock().now()).count()) / 1e9;
  return nb::float_(left > 0 ? left : 0.0);
}

void bind_calls(nb::module_& m) {
  nb::class_<PyCall>(m, "ClientCall", nb::type_slots(call_slots))
      .def_prop_rw(
          "user", [](PyCall& self) { return self.user; },
          [](PyCall& self, nb::object user) { self.user = std::move(user); }, nb::for_setter(nb::arg("user").none()))
      .def_prop_ro("reply", &reply)
      .def(
          "write", [](PyCall& self, nb::bytes message) { self.call->write(view_of(message)); }, nb::arg("message"))
      .def("close_writing", [](PyCall& self) { self.call->close_writing(); })
      .def("cancel", [](PyCall& self) { return self.call->cancel(); })
      .def(
          "cancel_with",
          [](PyCall& self, int code, std::string details) {
            if (code < 0 || code > 16) throw nb::value_error("a status code is a number from 0 to 16");
            return self.call->cancel_with(static_cast<StatusCode>(code), std::move(details));
          },
          nb::arg("code"), nb::arg("details"))
      .def("want_message", [](PyCall& self) { self.call->want_message(); })
      .def("take", &take)
      .def("take_many", &take_many, nb::arg("max"))
      .def("messages_ended", [](PyCall& self) { return self.call->messages_ended(); })
      .def("can_write", [](PyCall& self) { return self.call->can_write(); })
      .def("ended", [](PyCall& self) { return self.call->ended(); })
      .def("has_initial_metadata", [](PyCall& self) { return self.call->has_initial_metadata(); })
      .def("code", [](PyCall& self) { return static_cast<int>(self.call->code()); })
      .def("details", [](PyCall& self) { return str_of(self.call->details()); })
      .def("initial_metadata", [](PyCall& self) { return tuple_of(self.call->initial_metadata()); })
      .def("trailing_metadata",
           [](PyCall& self) { return tuple_of(self.call->trailing_metadata(), self.call->status_details()); })
      .def("peer", [](PyCall& self) { return str_of(self.call->peer()); })
      .def("time_remaining", &seconds_left)
      .def(
          "wait_message",
          [](PyCall& self, nb::handle timeout) {
            const int result = wait_for(self, timeout, &ClientCall::wait_message);
            nb::object message = result == kReady ? take(self) : nb::none();
            return nb::make_tuple(std::move(message), result);
          },
          nb::arg("timeout").none() = nb::none())
      .def(
          "wait_initial_metadata",
          [](PyCall& self, nb::handle timeout) { return wait_for(self, timeout, &ClientCall::wait_initial_metadata); },
          nb::arg("timeout").none() = nb::none())
      .def(
          "wait_writable",
          [](PyCall& self, nb::handle timeout) { return wait_for(self, timeout, &ClientCall::wait_writable); },
          nb::arg("timeout").none() = nb::none())
      .def(
          "wait_ended",
          [](PyCall& self, nb::handle timeout) { return wait_for(self, timeout, &ClientCall::wait_ended); },
          nb::arg("timeout").none() = nb::none());
}

tls::Pem pem_of(const std::optional<nb::bytes>& text) {
  return text ? tls::Pem::text(std::string(view_of(*text))) : tls::Pem();
}

void init_channel(PyChannel* self, std::string target, nb::handle options, const tls::TlsClientOptions* tls) {
  const Options parsed = options_of(options);
  auto channel = Channel::make(std::move(target), parsed, tls);
  if (!channel.ok()) throw nb::value_error(channel.error().message.c_str());
  new (self) PyChannel{std::move(*channel)};
}

bool wait_state_change(PyChannel& self, int last, nb::handle timeout) {
  const Ref<Channel> channel = self.channel;
  enum class Change { kNone, kYes, kNever };
  const Change change = wait_in_slices(duration_of(timeout, "timeout"), Change::kNone, [&](TimePoint until) {
    if (channel->wait_state_change(static_cast<ConnectivityState>(last), until)) return Change::kYes;
    return channel->closed() ? Change::kNever : Change::kNone;  // SHUTDOWN is for good
  });
  return change == Change::kYes;
}

void bind_channel(nb::module_& m) {
  nb::class_<tls::TlsClientOptions>(m, "TlsClient")
      .def(
          "__init__",
          [](tls::TlsClientOptions* self, std::optional<nb::bytes> roots, std::optional<nb::bytes> private_key,
             std::optional<nb::bytes> certificate_chain) {
            tls::TlsClientOptions options;
            options.roots = pem_of(roots);
            options.private_key = pem_of(private_key);
            options.certificate_chain = pem_of(certificate_chain);
            options.common_name_counts = true;  // as in grpcio
            // Looked at here, where the mistake is.
            if (auto context = tls::TlsContext::client(options); !context.ok()) {
              throw nb::value_error(context.error().message.c_str());
            }
            new (self) tls::TlsClientOptions(std::move(options));
          },
          nb::arg("roots").none(), nb::arg("private_key").none(), nb::arg("certificate_chain").none());
  nb::class_<PyChannel>(m, "Channel")
      .def("__init__", &init_channel, nb::arg("target"), nb::arg("options").none() = nb::none(),
           nb::arg("tls").none() = nb::none())
      .def("target", [](PyChannel& self) { return str_of(self.channel->target()); })
      .def(
          "state",
          [](PyChannel& self, bool try_to_connect) {
            const ConnectivityState state = self.channel->state();
            if (try_to_connect) self.channel->connect();
            return static_cast<int>(state);
          },
          nb::arg("try_to_connect") = false)
      .def("wait_state_change", &wait_state_change, nb::arg("last"), nb::arg("timeout").none() = nb::none())
      .def(
          "watch", [](PyChannel& self, WatchHandle& watch) { self.channel->watch(watch.source); }, nb::arg("watch"))
      .def(
          "unwatch", [](PyChannel& self, WatchHandle& watch) { self.channel->unwatch(*watch.source); },
          nb::arg("watch"))
      .def("close", [](PyChannel& self) { self.channel->close(); })
      .def("unary_blocking", &unary_blocking, nb::arg("path"), nb::arg("request"),
           nb::arg("timeout").none() = nb::none(), nb::arg("metadata").none() = nb::none(),
           nb::arg("wait_for_ready").none() = nb::none())
      .def("start_call", &start_call, nb::arg("path"), nb::arg("request").none(),
           nb::arg("timeout").none() = nb::none(), nb::arg("metadata").none() = nb::none(),
           nb::arg("wait_for_ready").none() = nb::none(), nb::arg("queue").none() = nb::none(),
           nb::arg("unary") = false);
}

}  // namespace

void bind_client(nb::module_& m) {
  bind_calls(m);
  bind_channel(m);
  m.def("before_fork", &Runtime::before_fork, nb::call_guard<Unlocked>());
  m.def("after_fork_in_parent", &Runtime::after_fork_in_parent);
  m.def("after_fork_in_child", &Runtime::after_fork_in_child);
  m.def("generation", &Runtime::generation);
  m.def(
      "metadata_problem",
      [](nb::handle metadata) -> std::optional<std::string> {
        Metadata tried;
        bool wrong_type = false;
        std::string problem = read_metadata(metadata, tried, wrong_type);
        if (problem.empty()) return {};
        return problem;
      },
      nb::arg("metadata").none());
  // Before the interpreter's own end: what ends after it finds a loop that does not run.
  nb::module_::import_("atexit").attr("register")(
      nb::cpp_function([] { Runtime::stop(); }, nb::call_guard<Unlocked>()));
}

}  // namespace godwit::python

#include "server.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "godwit/tls/tls_context.h"
#include "module.h"
#include "server_objects.h"
#include "unlocked.h"
#include "values.h"

namespace godwit::python {
namespace {

// What Python's Server holds.
struct ServerHandle {
  explicit ServerHandle(Ref<Server> s) : server(std::move(s)) {}
  ServerHandle(const ServerHandle&) = delete;
  ~ServerHandle() {
    const Unlocked unlocked;  // waits for the loops' threads
    server = Ref<Server>();
  }
  Ref<Server> server;
};

Options read_options(nb::handle from) {
  Options options;
  if (from.is_none()) return options;
  for (nb::handle pair : from) {
    const nb::object key = pair[0];
    const nb::object value = pair[1];
    OptionValue given;
    if (PyLong_Check(value.ptr())) {
      int overflow = 0;
      given = static_cast<std::int64_t>(PyLong_AsLongLongAndOverflow(value.ptr(), &overflow));
      if (overflow != 0)
        throw std::invalid_argument("channel option " + nb::cast<std::string>(key) + ": too large a number");
    } else if (PyUnicode_Check(value.ptr())) {
      given = nb::cast<std::string>(value);
    } else if (PyBytes_Check(value.ptr())) {
      given = std::string(PyBytes_AS_STRING(value.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(value.ptr())));
    } else {
      continue;  // pointers and the like: not for the engine
    }
    options.emplace_back(
        PyBytes_Check(key.ptr()) ? std::string(PyBytes_AS_STRING(key.ptr())) : nb::cast<std::string>(key),
        std::move(given));
  }
  return options;
}

void add_method(ServerHandle& self, nb::str path, int id, bool client_streams, bool server_streams) {
  auto added = self.server->add_method(nb::cast<std::string>(path), id, client_streams, server_streams);
  if (!added.ok()) throw std::invalid_argument(added.error().message);
  // Every call of the method gives these same objects. They live as long as the process: as few as there are methods.
  PyObject* interned = Py_NewRef(path.ptr());
  PyUnicode_InternInPlace(&interned);
  (*added)->binding = new MethodObjects{interned, PyLong_FromLong(id)};
}

int listen(ServerHandle& self, const std::string& address, const tls::TlsServerOptions* tls) {
  auto port = [&] {
    const Unlocked unlocked;  // looks names up
    return self.server->listen(address, tls);
  }();
  if (!port.ok()) throw std::runtime_error("Failed to bind to address " + address + ": " + port.error().message);
  return *port;
}

void stop(ServerHandle& self, nb::handle grace, WatchHandle* watch) {
  Duration duration = Duration::zero();
  if (!grace.is_none()) {
    if (!read_timeout(grace.ptr(), duration)) throw nb::python_error();
    if (duration < Duration::zero()) duration = std::chrono::hours(24 * 365);
  }
  self.server->stop(duration, watch ? watch->source : Ref<EventSource>());
}

bool wait_stopped(ServerHandle& self, nb::handle timeout) {
  Duration duration;
  if (!read_timeout(timeout.ptr(), duration)) throw nb::python_error();
  const Ref<Server> server = self.server;
  bool stopped = false;
  const bool fine =
      wait_for_python(time_after(duration), [&](TimePoint until) { return stopped = server->wait_stopped(until); });
  if (!fine) throw nb::python_error();
  return stopped;
}

std::string pem_of(nb::handle bytes) {
  std::string_view text;
  if (!read_message(bytes.ptr(), text)) throw nb::python_error();
  return std::string(text);
}

}  // namespace

void bind_server(nb::module_& m) {
  nb::class_<tls::TlsServerOptions>(m, "TlsServer")
      .def(
          "__init__",
          [](tls::TlsServerOptions* self, nb::sequence pairs, nb::handle roots, bool require_client_auth) {
            tls::TlsServerOptions options;
            for (const nb::handle pair : pairs) {
              tls::Pem key = tls::Pem::text(pem_of(nb::object(pair[0])));
              tls::Pem chain = tls::Pem::text(pem_of(nb::object(pair[1])));
              if (options.private_key.empty()) {
                options.private_key = std::move(key);
                options.certificate_chain = std::move(chain);
              } else {
                options.more.push_back({std::move(chain), std::move(key)});
              }
            }
            // Certificates that are not required are not asked for, as in the reference.
            if (require_client_auth && !roots.is_none()) options.client_roots = tls::Pem::text(pem_of(roots));
            if (require_client_auth) options.client_certificates = tls::ClientCertificatePolicy::kRequire;
            new (self) tls::TlsServerOptions(std::move(options));
          },
          nb::arg("pairs"), nb::arg("roots").none(), nb::arg("require_client_auth"));

  nb::class_<ServerHandle>(m, "Server", nb::is_weak_referenceable())
      .def(
          "__init__",
          [](ServerHandle* self, QueueHandle& queue, nb::handle options, nb::handle maximum_concurrent_rpcs,
             bool explicit_flush) {
            ServerOptions given;
            given.options = read_options(options);
            if (!maximum_concurrent_rpcs.is_none()) {
              given.maximum_concurrent_rpcs = nb::cast<std::int64_t>(maximum_concurrent_rpcs);
            }
            given.explicit_flush = explicit_flush;
            auto made = Server::make(given, queue.queue);
            if (!made.ok()) throw std::invalid_argument(made.error().message);
            new (self) ServerHandle(std::move(*made));
          },
          nb::arg("queue"), nb::arg("options") = nb::none(), nb::arg("maximum_concurrent_rpcs") = nb::none(),
          nb::arg("explicit_flush") = false, nb::keep_alive<1, 2>())
      .def("add_method", &add_method, nb::arg("path"), nb::arg("id"), nb::arg("client_streams"),
           nb::arg("server_streams"))
      .def("listen", &listen, nb::arg("address"), nb::arg("tls").none() = nb::none())
      .def("start",
           [](ServerHandle& self) {
             auto started = self.server->start();
             if (!started.ok()) throw std::runtime_error(started.error().message);
           })
      .def("stop", &stop, nb::arg("grace").none(), nb::arg("watch").none() = nb::none())
      .def("wait_stopped", &wait_stopped, nb::arg("timeout") = nb::none())
      .def("flush",
           [](ServerHandle& self) {
             if (!self.server->idle()) return self.server->flush();
             const Unlocked unlocked;
             self.server->flush();
           })
      .def("active_calls", [](ServerHandle& self) { return self.server->active_calls(); });

  bind_server_call(m);
}

}  // namespace godwit::python

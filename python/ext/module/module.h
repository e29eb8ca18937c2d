#pragma once

#include <nanobind/nanobind.h>

namespace godwit::python {

namespace nb = nanobind;

void bind_events(nb::module_& m);  // bind_events.cc: EventQueue, Watch
void bind_client(nb::module_& m);  // bind_client.cc: Channel, ClientCall, TlsClient, forking
void bind_server(nb::module_& m);  // bind_server.cc: Server, ServerCall, TlsServer

}  // namespace godwit::python

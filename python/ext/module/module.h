#pragma once

#include <nanobind/nanobind.h>

#include "event_queue.h"

namespace godwit::python {

namespace nb = nanobind;

void bind_events(nb::module_& m);       // bind_events.cc: EventQueue, Watch
void bind_client(nb::module_& m);       // bind_client.cc: Channel, ClientCall, TlsClient, forking
void bind_asyncio(nb::module_& m);      // bind_asyncio.cc: dispatch, Waiter
void bind_server(nb::module_& m);       // bind_server.cc: Server, TlsServer
void bind_server_call(nb::module_& m);  // bind_server_call.cc: ServerCall

// What Python's EventQueue holds. When that object is gone nobody can take events any more.
struct QueueHandle {
  explicit QueueHandle(Ref<EventQueue> q) : queue(std::move(q)) {}
  QueueHandle(const QueueHandle&) = delete;
  ~QueueHandle() {
    if (queue) queue->abandon();
  }
  const Ref<EventQueue> queue;
};

// What Python's Watch holds.
struct WatchHandle {
  explicit WatchHandle(Ref<EventSource> s) : source(std::move(s)) {}
  WatchHandle(const WatchHandle&) = delete;
  ~WatchHandle() { source->binding = nullptr; }
  const Ref<EventSource> source;
};

class ServerCall;
// The Python object of a call that has just arrived. A new reference, or null with an exception set.
PyObject* new_server_call(Ref<ServerCall> call);

}  // namespace godwit::python

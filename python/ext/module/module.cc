// The extension grpc._godwit: each file of this folder binds one header of ../.
#include "module.h"

NB_MODULE(_godwit, m) {
  // At the interpreter's end daemon threads still hold objects: that is no leak, and nothing for a user's terminal.
  nanobind::set_leak_warnings(false);
  m.attr("__version__") = GODWIT_VERSION;
  godwit::python::bind_events(m);
  godwit::python::bind_client(m);
  godwit::python::bind_asyncio(m);
  godwit::python::bind_server(m);
}

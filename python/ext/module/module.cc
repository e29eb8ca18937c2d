// The extension grpc._godwit: each file of this folder binds one header of ../.
#include "module.h"

NB_MODULE(_godwit, m) {
  m.attr("__version__") = GODWIT_VERSION;
  godwit::python::bind_events(m);
  godwit::python::bind_client(m);
  godwit::python::bind_server(m);
}

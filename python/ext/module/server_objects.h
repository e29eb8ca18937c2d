#pragma once

#include <Python.h>

namespace godwit::python {

// What all calls of a method share: ServerMethod::binding.
struct MethodObjects {
  PyObject* path;
  PyObject* id;
};

}  // namespace godwit::python

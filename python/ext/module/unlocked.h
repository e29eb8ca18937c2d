#pragma once

#include <Python.h>
#include <unistd.h>

namespace godwit::python {

// While it lives, this thread does not hold Python's lock. A daemon thread that wants it back when the interpreter has
// begun to end gets the end of the thread instead, by way of an exception that no C++ frame in between may keep and
// bindings can't pass on; such a thread stays here, asleep, until the process is gone.
class Unlocked {
 public:
  Unlocked() : state_(PyEval_SaveThread()) {}
  ~Unlocked() {
    try {
      PyEval_RestoreThread(state_);
    } catch (...) {
      for (;;) pause();
    }
  }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* const state_;
};

}  // namespace godwit::python

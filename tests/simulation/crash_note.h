#pragma once

#include <string>

namespace godwit::simulation {

// While it lives, a process that dies of an assertion, a signal or a sanitizer's finding says first what it was doing.
class CrashNote {
 public:
  // `text` gives what is to be written; called when the process dies.
  using Text = std::string (*)(void* argument);
  CrashNote(Text text, void* argument);
  ~CrashNote();
  CrashNote(const CrashNote&) = delete;
  CrashNote& operator=(const CrashNote&) = delete;
};

}  // namespace godwit::simulation

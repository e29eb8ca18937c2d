#pragma once

#include <string>
#include <vector>

#include "event_queue.h"

namespace godwit::python {

// What the engine has to say to operators, for Python's `logging`: kept until it is taken, the newest kLines of them.
// Nothing goes to standard error, unless the environment variable GODWIT_LOG is set: then everything does, and nothing
// is kept. The engine's threads only leave lines here.
class LogLines {
 public:
  struct Line {
    int level;  // of Python's logging: 40 error, 30 warning, 20 info, 10 debug
    std::string subsystem;
    std::string text;
  };
  static constexpr std::size_t kLines = 200;

  // Once, when the extension is loaded.
  static void install();
  // `source` gets kArrived when there are lines.
  static void watch(Ref<EventSource> source);
  static std::vector<Line> take();
};

}  // namespace godwit::python

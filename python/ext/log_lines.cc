#include "log_lines.h"

#include <cstdlib>
#include <mutex>
#include <string_view>
#include <utility>

#include "godwit/base/log.h"

namespace godwit::python {
namespace {

// Never destroyed: threads may log while the process ends. A fork finds the mutex free: the sink runs under the log's
// own mutex, which forks wait for, and everything else under Python's lock, which the forking thread has.
struct Kept {
  std::mutex mutex;
  std::vector<LogLines::Line> lines;
  Ref<EventSource> source;
};
Kept& kept() {
  static auto* made = new Kept;
  return *made;
}

int python_level(LogLevel level) {
  switch (level) {
    case LogLevel::kError:
      return 40;
    case LogLevel::kWarning:
      return 30;
    case LogLevel::kInfo:
      return 20;
    case LogLevel::kDebug:
      break;
  }
  return 10;
}

void sink(LogLevel level, std::string_view subsystem, std::string_view text) {
  Kept& k = kept();
  Ref<EventSource> source;
  {
    const std::lock_guard lock(k.mutex);
    if (k.lines.size() >= LogLines::kLines) k.lines.erase(k.lines.begin());
    k.lines.push_back({python_level(level), std::string(subsystem), std::string(text)});
    source = k.source;
  }
  if (source) source->signal(kArrived);
}

}  // namespace

void LogLines::install() {
  if (std::getenv("GODWIT_LOG") == nullptr) set_log_sink(&sink);
}

void LogLines::watch(Ref<EventSource> source) {
  const std::lock_guard lock(kept().mutex);
  kept().source = std::move(source);
}

std::vector<LogLines::Line> LogLines::take() {
  const std::lock_guard lock(kept().mutex);
  return std::exchange(kept().lines, {});
}

}  // namespace godwit::python

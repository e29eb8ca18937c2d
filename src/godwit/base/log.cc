#include "godwit/base/log.h"

#include <pthread.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <new>
#include <utility>

namespace godwit {
namespace {

constexpr int kOff = -1;

int level_from_environment() {
  const char* text = std::getenv("GODWIT_LOG");
  if (!text) return static_cast<int>(LogLevel::kWarning);
  const std::string_view level = text;
  if (level == "off") return kOff;
  if (level == "error") return static_cast<int>(LogLevel::kError);
  if (level == "info") return static_cast<int>(LogLevel::kInfo);
  if (level == "debug") return static_cast<int>(LogLevel::kDebug);
  return static_cast<int>(LogLevel::kWarning);
}

std::atomic<int>& current_level() {
  static std::atomic<int> level{level_from_environment()};
  return level;
}

std::mutex& sink_mutex() {
  // Never destroyed: threads may log while the process ends. Another thread may log while one forks: the child begins
  // with a mutex that nobody holds.
  static auto* mutex = [] {
    static std::mutex* made = new std::mutex;
    pthread_atfork(nullptr, nullptr, [] { ::new (made) std::mutex; });
    return made;
  }();
  return *mutex;
}
LogSink current_sink = nullptr;  // guarded by sink_mutex()

constexpr const char* name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kError: return "ERROR";
    case LogLevel::kWarning: return "WARNING";
    case LogLevel::kInfo: return "INFO";
    case LogLevel::kDebug: return "DEBUG";
  }
  return "?";
}

}  // namespace

bool log_enabled(LogLevel level) {
  return static_cast<int>(level) <= current_level().load(std::memory_order_relaxed);
}

void set_log_level(LogLevel level) { current_level().store(static_cast<int>(level), std::memory_order_relaxed); }

LogSink set_log_sink(LogSink sink) {
  std::lock_guard lock(sink_mutex());
  return std::exchange(current_sink, sink);
}

void log(LogLevel level, std::string_view subsystem, std::string_view text) {
  if (!log_enabled(level)) return;
  std::lock_guard lock(sink_mutex());
  if (current_sink) return current_sink(level, subsystem, text);
  timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  tm parts;
  gmtime_r(&t.tv_sec, &parts);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &parts);
  std::fprintf(stderr, "%s.%03ldZ godwit %s %.*s: %.*s\n", stamp, t.tv_nsec / 1'000'000, name_of(level),
               static_cast<int>(subsystem.size()), subsystem.data(), static_cast<int>(text.size()), text.data());
}

}  // namespace godwit

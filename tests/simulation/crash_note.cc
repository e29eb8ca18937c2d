#include "crash_note.h"

#include <signal.h>
#include <unistd.h>

#include <utility>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GODWIT_SIMULATION_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GODWIT_SIMULATION_SANITIZED 1
#endif
#ifdef GODWIT_SIMULATION_SANITIZED
extern "C" void __sanitizer_set_death_callback(void (*callback)());
// The note is made inside a signal handler on purpose, by a process that dies: ThreadSanitizer shall not stop it.
extern "C" const char* __tsan_default_options();
const char* __tsan_default_options() { return "report_signal_unsafe=0"; }
#endif

namespace godwit::simulation {
namespace {

CrashNote::Text current_text = nullptr;
void* current_argument = nullptr;

// The process dies anyway: that this allocates does not make it worse.
void write_note() {
  const CrashNote::Text text = std::exchange(current_text, nullptr);
  if (!text) return;
  const std::string note = text(current_argument);
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, note.data(), note.size());
}

constexpr int kSignals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE};
struct sigaction former[std::size(kSignals)];

void on_signal(int signal) {
  write_note();
  // Back to whoever was there before: it happens again when this returns, or is raised again.
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    if (kSignals[i] == signal) ::sigaction(signal, &former[i], nullptr);
  }
  if (signal == SIGABRT) ::raise(signal);
}

void install() {
  static const bool once = [] {
    for (std::size_t i = 0; i < std::size(kSignals); ++i) {
      struct sigaction action = {};
      action.sa_handler = on_signal;
      action.sa_flags = SA_NODEFER;
      ::sigaction(kSignals[i], &action, &former[i]);
    }
#ifdef GODWIT_SIMULATION_SANITIZED
    __sanitizer_set_death_callback(write_note);
#endif
    return true;
  }();
  (void)once;
}

}  // namespace

CrashNote::CrashNote(Text text, void* argument) {
  install();
  current_argument = argument;
  current_text = text;
}
CrashNote::~CrashNote() { current_text = nullptr; }

}  // namespace godwit::simulation

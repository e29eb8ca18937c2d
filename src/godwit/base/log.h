#pragma once

#include <string>
#include <string_view>

namespace godwit {

// Log lines are for operators: each names the subsystem ("http2", "tls", "channel", ...), the peer and the reason.
// The level is taken from GODWIT_LOG at the first use: "error", "warning" (the default), "info", "debug", "off".
enum class LogLevel { kError, kWarning, kInfo, kDebug };

// True when a line of this level would be written: ask before building an expensive text. Thread-safe.
bool log_enabled(LogLevel level);

// Writes "godwit LEVEL SUBSYSTEM: TEXT" with a time stamp to the sink (standard error unless set). Thread-safe.
void log(LogLevel level, std::string_view subsystem, std::string_view text);

// Replaces the sink, for tests and embedding programs; nullptr restores standard error. The sink may be called on any
// thread, one call at a time. Returns the former sink.
using LogSink = void (*)(LogLevel level, std::string_view subsystem, std::string_view text);
LogSink set_log_sink(LogSink sink);
void set_log_level(LogLevel level);

}  // namespace godwit

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/base/time.h"

namespace godwit::cli {

// What the command line of `godwit call` says.
struct CallFlags {
  std::string target;  // HOST:PORT, or another form that channels take
  std::string method;  // as written
  std::vector<std::string> protos;
  std::vector<std::string> folders;
  std::optional<std::string> data;                           // JSON, @FILE or -
  std::vector<std::pair<std::string, std::string>> headers;  // values of "-bin" keys: the raw bytes
  bool tls = false;
  std::string ca_file, certificate_file, key_file;
  std::string authority, server_name;
  std::optional<Duration> timeout;
  std::size_t max_message_bytes = 4 * 1024 * 1024;
  bool emit_defaults = false;
  bool verbose = false;
  bool help = false;
};

// A failure's text may have more lines, which say what to do.
Result<CallFlags, Error> parse_call_flags(const std::vector<std::string>& arguments);

// "5s", "1.5s", "100ms", "2m", "1h", "250us", "10ns".
Result<Duration, Error> parse_duration(std::string_view text);

extern const char kCallHelp[];

}  // namespace godwit::cli

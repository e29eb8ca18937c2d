#include "cli/call_flags.h"

#include <charconv>
#include <cstdint>
#include <limits>

#include "godwit/proto/json/base64.h"
#include "godwit/proto/schema/suggest.h"

namespace godwit::cli {

const char kCallHelp[] =
    "usage: godwit call HOST:PORT PACKAGE.SERVICE/METHOD --proto FILE [OPTION]...\n"
    "Calls a method of a gRPC server; messages are JSON.\n"
    "  --proto FILE         the .proto file that declares the service; may be given more than once\n"
    "  -I FOLDER            a folder that imports are looked for in; may be given more than once\n"
    "                       (default: the current folder and that of FILE)\n"
    "  -d JSON | @FILE | -  the message; - is standard input. For a method that takes a stream: messages one after "
    "the\n"
    "                       other, best one a line, sent as they are read\n"
    "                       (default: {}; for a method that takes a stream: -)\n"
    "  -H KEY:VALUE         metadata to send; of a key that ends in -bin the value is base64\n"
    "  --tls                TLS, with the system's certificate authorities\n"
    "  --cacert FILE        TLS, with the authorities in this PEM file\n"
    "  --cert FILE, --key FILE\n"
    "                       TLS, and our own certificate and its key (PEM), for servers that ask\n"
    "  --server-name NAME   the name that the server's certificate must be for (default: HOST)\n"
    "  --authority NAME     sent as :authority; with TLS also the name in the certificate\n"
    "  --timeout TIME       the deadline: 5s, 100ms, 2m\n"
    "  --max-message BYTES  the longest message to take (default: 4194304)\n"
    "  --emit-defaults      print fields that are 0, \"\", false or empty too\n"
    "  -v                   print metadata, trailers and the status to standard error\n"
    "  -h, --help\n"
    "A method that returns a stream prints one message a line, any other one message on several lines.\n"
    "Exit status: 0; 64 + the number of the status when the call failed (69: NOT_FOUND, 78: UNAVAILABLE); 1 when no "
    "call\n"
    "was made or what was to be sent cannot be read.\n"
    "  godwit call localhost:50051 helloworld.Greeter/SayHello --proto helloworld.proto -d '{\"name\": \"Ada\"}'\n";

namespace {

struct Flag {
  std::string_view name;
  bool has_value;
  std::string_view value;  // for errors: what the value is
};
constexpr Flag kFlags[] = {
    {"--proto", true, "FILE"},
    {"-I", true, "FOLDER"},
    {"--proto_path", true, "FOLDER"},
    {"-d", true, "JSON, @FILE or -"},
    {"-H", true, "KEY:VALUE"},
    {"--tls", false, ""},
    {"--cacert", true, "FILE"},
    {"--cert", true, "FILE"},
    {"--key", true, "FILE"},
    {"--server-name", true, "NAME"},
    {"--authority", true, "NAME"},
    {"--timeout", true, "TIME, such as 5s or 100ms"},
    {"--max-message", true, "BYTES"},
    {"--emit-defaults", false, ""},
    {"-v", false, ""},
    {"--help", false, ""},
    {"-h", false, ""},
};

const Flag* find_flag(std::string_view name) {
  for (const Flag& f : kFlags) {
    if (f.name == name) return &f;
  }
  return nullptr;
}

Failure<Error> unknown_flag(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Flag& f : kFlags) names.push_back(f.name);
  std::string text = "unknown option " + std::string(name);
  if (std::string_view nearest = proto::nearest_name(name, names); !nearest.empty()) {
    text += "\ndid you mean " + std::string(nearest) + "?";
  }
  return Failure(Error(text + "\nsee godwit call --help"));
}

Result<void, Error> add_header(CallFlags& flags, std::string_view text) {
  const std::size_t colon = text.find(':', text.starts_with(':') ? 1 : 0);
  if (colon == std::string_view::npos || colon == 0) {
    return Failure(Error("-H " + std::string(text) + ": no key and value\nwrite -H 'KEY:VALUE'"));
  }
  std::string key(text.substr(0, colon));
  std::string_view rest = text.substr(colon + 1);
  while (rest.starts_with(' ') || rest.starts_with('\t')) rest.remove_prefix(1);
  while (rest.ends_with(' ') || rest.ends_with('\t')) rest.remove_suffix(1);
  for (char& c : key) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  std::string value(rest);
  if (key.ends_with("-bin")) {
    if (const char* wrong = proto::parse_base64(rest, value)) {
      return Failure(Error("-H " + key + ": " + wrong +
                           "\nthe value of a key that ends in -bin is base64; make it with: base64 -w0 FILE"));
    }
  }
  flags.headers.emplace_back(std::move(key), std::move(value));
  return {};
}

Result<void, Error> set_value(CallFlags& flags, std::string_view name, std::string value) {
  if (name == "--proto") {
    flags.protos.push_back(std::move(value));
  } else if (name == "-I" || name == "--proto_path") {
    flags.folders.push_back(std::move(value));
  } else if (name == "-d") {
    if (flags.data) return Failure(Error("-d is given twice\na stream's messages go into one -d, one after the other"));
    flags.data = std::move(value);
  } else if (name == "-H") {
    return add_header(flags, value);
  } else if (name == "--cacert") {
    flags.ca_file = std::move(value);
  } else if (name == "--cert") {
    flags.certificate_file = std::move(value);
  } else if (name == "--key") {
    flags.key_file = std::move(value);
  } else if (name == "--server-name") {
    flags.server_name = std::move(value);
  } else if (name == "--authority") {
    flags.authority = std::move(value);
  } else if (name == "--timeout") {
    auto timeout = parse_duration(value);
    if (!timeout.ok()) return Failure(Error("--timeout " + timeout.error().message));
    flags.timeout = *timeout;
  } else if (name == "--max-message") {
    std::uint32_t bytes = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bytes);
    if (error != std::errc() || end != value.data() + value.size()) {
      return Failure(Error("--max-message " + value + ": no number of bytes from 0 to 4294967295"));
    }
    flags.max_message_bytes = bytes;
  }
  return {};
}

void set_switch(CallFlags& flags, std::string_view name) {
  if (name == "--tls") flags.tls = true;
  if (name == "--emit-defaults") flags.emit_defaults = true;
  if (name == "-v") flags.verbose = true;
  if (name == "-h" || name == "--help") flags.help = true;
}

Result<void, Error> check(CallFlags& flags) {
  if (flags.target.empty()) {
    return Failure(Error("no server is named\nusage: godwit call HOST:PORT PACKAGE.SERVICE/METHOD --proto FILE"));
  }
  if (flags.method.empty()) {
    return Failure(
        Error("no method is named\nusage: godwit call " + flags.target + " PACKAGE.SERVICE/METHOD --proto FILE"));
  }
  if (flags.protos.empty()) {
    return Failure(Error("which messages " + flags.method +
                         " takes is not known\nadd --proto FILE: the .proto file that declares the service"));
  }
  if (flags.certificate_file.empty() != flags.key_file.empty()) {
    return Failure(Error(flags.key_file.empty() ? "--cert without its key\nadd --key FILE"
                                                : "--key without its certificate\nadd --cert FILE"));
  }
  if (!flags.ca_file.empty() || !flags.key_file.empty()) flags.tls = true;
  if (!flags.server_name.empty() && !flags.tls) {
    return Failure(
        Error("--server-name is for TLS\nadd --tls, or --cacert FILE; without TLS --authority names the server"));
  }
  return {};
}

}  // namespace

Result<Duration, Error> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double nanos;
  };
  constexpr Unit kUnits[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
  const std::string error = std::string(text) + ": no length of time\nwrite a number and its unit: 5s, 100ms, 2m";
  double number = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (code != std::errc() || !(number >= 0)) return Failure(Error(error));
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& u : kUnits) {
    if (u.name != unit) continue;
    const double nanos = number * u.nanos;
    if (nanos >= 9.2e18) return Failure(Error(std::string(text) + ": longer than 292 years"));
    return Duration(static_cast<std::int64_t>(nanos));
  }
  return Failure(Error(error));
}

Result<CallFlags, Error> parse_call_flags(const std::vector<std::string>& arguments) {
  CallFlags flags;
  std::vector<std::string> positional;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.size() < 2 || argument[0] != '-') {
      positional.push_back(argument);
      continue;
    }
    if (argument == "--") {
      positional.insert(positional.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1, arguments.end());
      break;
    }
    std::string name = argument;
    std::optional<std::string> value;
    if (argument.starts_with("--")) {
      if (std::size_t equals = argument.find('='); equals != std::string::npos) {
        name = argument.substr(0, equals);
        value = argument.substr(equals + 1);
      }
    } else if (argument.size() > 2) {  // -IFOLDER
      name = argument.substr(0, 2);
      value = argument.substr(2);
    }
    const Flag* flag = find_flag(name);
    if (flag == nullptr) return unknown_flag(name);
    if (!flag->has_value) {
      if (value) return Failure(Error(name + " takes no value\nwrite " + name + " alone"));
      set_switch(flags, name);
      continue;
    }
    if (!value) {
      if (++i == arguments.size())
        return Failure(Error(name + " needs a value: " + name + " " + std::string(flag->value)));
      value = arguments[i];
    }
    auto set = set_value(flags, name, std::move(*value));
    if (!set.ok()) return Failure(std::move(set.error()));
  }
  if (flags.help) return flags;
  if (!positional.empty()) flags.target = positional[0];
  if (positional.size() > 1) flags.method = positional[1];
  if (positional.size() > 2) {
    return Failure(Error("one argument too many: " + positional[2] + "\nthe message goes behind -d, in quotes"));
  }
  auto checked = check(flags);
  if (!checked.ok()) return Failure(std::move(checked.error()));
  return flags;
}

}  // namespace godwit::cli

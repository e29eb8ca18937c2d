#pragma once

#include <string>
#include <utility>

namespace godwit {

// The error of layers that need no richer one: what failed, named so that a reader knows the place and what to do.
// `os_error` is an errno value when the operating system said no, else 0.
struct Error {
  std::string message;
  int os_error = 0;

  Error() = default;
  explicit Error(std::string text, int errno_value = 0) : message(std::move(text)), os_error(errno_value) {}
};

// "what: <text of errno_value>", for instance "bind 127.0.0.1:80: Permission denied".
Error error_from_errno(std::string what, int errno_value);

}  // namespace godwit

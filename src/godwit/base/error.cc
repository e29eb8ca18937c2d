#include "godwit/base/error.h"

#include <cstring>
#include <system_error>

namespace godwit {

Error error_from_errno(std::string what, int errno_value) {
  what += ": ";
  what += std::generic_category().message(errno_value);
  return Error(std::move(what), errno_value);
}

}  // namespace godwit

#include "godwit/rpc/client/text.h"

#include <cstdio>

namespace godwit::rpc {

std::string text_of_duration(Duration duration) {
  const double seconds = static_cast<double>(duration.count()) / 1e9;
  char text[48];
  if (seconds < 0.001) {
    std::snprintf(text, sizeof text, "%.2g ms", seconds * 1e3);
  } else if (seconds < 0.9995) {
    std::snprintf(text, sizeof text, "%.0f ms", seconds * 1e3);
  } else if (seconds < 119.95) {
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  } else {
    const auto whole = static_cast<long long>(seconds + 0.5);
    std::snprintf(text, sizeof text, "%lld min %lld s", whole / 60, whole % 60);
  }
  return text;
}

}  // namespace godwit::rpc

#include "godwit/compiler/descriptor/free_numbers.h"

#include <algorithm>
#include <vector>

namespace godwit::compiler {
namespace {

// Groups are fields and messages at once: their numbers count as those of the message around them.
void add_message(const proto::MessageDescriptor& m, std::string& out) {
  for (const auto& nested : m.messages()) {
    if (!nested.is_map_entry()) add_message(nested, out);
  }
  std::vector<proto::NumberRange> used;
  for (const auto& f : m.fields()) used.push_back({f.number(), std::int64_t{f.number()} + 1});
  used.insert(used.end(), m.extension_ranges().begin(), m.extension_ranges().end());
  used.insert(used.end(), m.reserved_ranges().begin(), m.reserved_ranges().end());
  std::sort(used.begin(), used.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string line(m.full_name());
  if (line.size() < 35) line.resize(35, ' ');
  line += " free:";
  constexpr std::int64_t kEnd = std::int64_t{1} << 29;
  std::int64_t next = 1;
  for (const auto& r : used) {
    if (r.first > next) {
      line += " " + std::to_string(next);
      if (r.first - 1 > next) line += "-" + std::to_string(r.first - 1);
    }
    next = std::max(next, r.last);
  }
  if (next < kEnd) line += " " + std::to_string(next) + "-INF";
  out += line + "\n";
}

}  // namespace

std::string free_field_numbers(const proto::FileDescriptor& file) {
  std::string out;
  for (const auto& m : file.messages()) add_message(m, out);
  return out;
}

}  // namespace godwit::compiler

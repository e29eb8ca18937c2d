#include "status_table.h"

#include <fstream>
#include <optional>
#include <sstream>

namespace godwit::simulation {
namespace {

std::optional<StatusCode> code_named(std::string_view name) {
  for (int code = 0; code <= 16; ++code) {
    if (name_of(static_cast<StatusCode>(code)) == name) return static_cast<StatusCode>(code);
  }
  return std::nullopt;
}

// "a/b" names both, "any" all.
bool fits(std::string_view words, std::string_view word) {
  if (words == "any") return true;
  while (!words.empty()) {
    const std::size_t slash = words.find('/');
    if (words.substr(0, slash) == word) return true;
    if (slash == std::string_view::npos) break;
    words.remove_prefix(slash + 1);
  }
  return false;
}

}  // namespace

std::string StatusSet::text() const {
  std::string text;
  for (int code = 0; code <= 16; ++code) {
    if (!has(static_cast<StatusCode>(code))) continue;
    if (!text.empty()) text += ' ';
    text += name_of(static_cast<StatusCode>(code));
  }
  return text.empty() ? "none" : text;
}

std::string StatusTable::Key::text() const { return fault + " " + direction + " " + moment + " " + calls + " " + mode; }

StatusTable::StatusTable(const std::string& path) {
  std::ifstream file(path);
  if (!file) problems_.push_back("can't read " + path);
  int number = 0;
  for (std::string text; std::getline(file, text);) {
    ++number;
    if (text.empty() || text[0] == '#') continue;
    const auto problem = [&](const std::string& what) {
      problems_.push_back("statuses.txt:" + std::to_string(number) + ": " + what);
    };
    Line line;
    line.number = number;
    const std::size_t bar = text.find('|');
    if (bar == std::string::npos || text.find_first_not_of(' ', bar + 1) == std::string::npos) {
      problem("no reason: '... | REASON'");
      continue;
    }
    line.reason = text.substr(text.find_first_not_of(' ', bar + 1));
    std::istringstream words(text.substr(0, bar));
    words >> line.fault >> line.direction >> line.moment >> line.calls >> line.mode;
    int count = 0;
    for (std::string word; words >> word; ++count) {
      if (word == "EXCLUDED") {
        line.excluded = true;
      } else if (const auto code = code_named(word)) {
        line.statuses.add(*code);
      } else {
        problem("no status is called " + word);
      }
    }
    if (count == 0) problem("no statuses");
    lines_.push_back(std::move(line));
  }
}

const StatusTable::Line* StatusTable::find(const Key& key, std::string& problem) const {
  const Line* found = nullptr;
  for (const Line& line : lines_) {
    if (line.excluded || line.fault != key.fault || !fits(line.direction, key.direction) ||
        !fits(line.moment, key.moment) || !fits(line.calls, key.calls) || !fits(line.mode, key.mode)) {
      continue;
    }
    if (found) {
      problem = "lines " + std::to_string(found->number) + " and " + std::to_string(line.number) + " both speak of " +
                key.text();
      return nullptr;
    }
    found = &line;
  }
  if (!found) problem = "no line speaks of " + key.text();
  return found;
}

StatusSet StatusTable::of_fault(testing::FaultKind kind) const {
  StatusSet all;
  for (const Line& line : lines_) {
    if (line.fault == testing::text_of(kind)) all.add(line.statuses);
  }
  return all;
}

const StatusTable& StatusTable::committed() {
  static const StatusTable table(GODWIT_SIMULATION_DIR "/statuses.txt");
  return table;
}

}  // namespace godwit::simulation

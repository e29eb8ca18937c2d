#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/rpc/status.h"
#include "godwit/testing/fault.h"

namespace godwit::simulation {

// A set of status codes.
class StatusSet {
 public:
  StatusSet() = default;
  void add(StatusCode code) { bits_ |= 1u << static_cast<unsigned>(code); }
  void add(StatusSet other) { bits_ |= other.bits_; }
  bool has(StatusCode code) const { return (bits_ >> static_cast<unsigned>(code) & 1) != 0; }
  bool operator==(const StatusSet&) const = default;
  std::string text() const;  // "OK UNAVAILABLE"

 private:
  std::uint32_t bits_ = 0;
};

// statuses.txt: which statuses a fault at a moment of a call may give. Its head describes the form.
class StatusTable {
 public:
  struct Line {
    int number = 0;  // in the file, from 1
    std::string fault, direction, moment, calls, mode;
    StatusSet statuses;
    bool excluded = false;
    std::string reason;
  };
  // What is asked; the words of the file.
  struct Key {
    std::string fault, direction, moment, calls, mode;
    std::string text() const;
  };

  // Reads the file. Every mistake is named in problems().
  explicit StatusTable(const std::string& path);
  const std::vector<std::string>& problems() const { return problems_; }
  const std::vector<Line>& lines() const { return lines_; }

  // The only line that fits; nullptr with the reason in `problem` when there is none or more than one.
  const Line* find(const Key& key, std::string& problem) const;
  // All statuses that a kind of fault may give, whatever the moment.
  StatusSet of_fault(testing::FaultKind kind) const;
  // The file that belongs to this test.
  static const StatusTable& committed();

 private:
  std::vector<Line> lines_;
  std::vector<std::string> problems_;
};

}  // namespace godwit::simulation

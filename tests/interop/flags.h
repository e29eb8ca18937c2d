#pragma once

#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

// Flags as Go programs take them: -name=value, -name value, and -name alone for booleans; one dash or two.
namespace interop {

class Flags {
 public:
  // `known`: names with their defaults. A boolean is one whose default is "true" or "false". Ends the program with 2 on
  // anything else.
  Flags(int argc, char** argv, std::map<std::string, std::string> known) : values_(std::move(known)) {
    for (int i = 1; i < argc; ++i) {
      std::string_view argument = argv[i];
      if (!argument.starts_with('-')) usage(std::string(argument) + " is no flag");
      argument.remove_prefix(argument.starts_with("--") ? 2 : 1);
      const std::size_t equals = argument.find('=');
      const std::string name(argument.substr(0, equals));
      const auto found = values_.find(name);
      if (found == values_.end()) usage("there is no flag -" + name);
      const bool boolean = found->second == "true" || found->second == "false";
      if (equals != std::string_view::npos) {
        found->second = argument.substr(equals + 1);
      } else if (boolean) {
        found->second = "true";
      } else if (i + 1 < argc) {
        found->second = argv[++i];
      } else {
        usage("flag -" + name + " needs a value");
      }
    }
  }
  const std::string& text(const std::string& name) const { return values_.at(name); }
  bool on(const std::string& name) const { return values_.at(name) == "true"; }
  long number(const std::string& name) const { return std::atol(values_.at(name).c_str()); }

 private:
  [[noreturn]] void usage(const std::string& what) const {
    std::cerr << "error: " << what << "; the flags are:";
    for (const auto& [name, value] : values_) std::cerr << " -" << name;
    std::cerr << "\n";
    std::exit(2);
  }
  std::map<std::string, std::string> values_;
};

}  // namespace interop

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/compiler/source/source_file.h"
#include "godwit/proto/schema/suggest.h"

namespace godwit::compiler {

enum class Severity : std::uint8_t { kWarning, kError };

// A second place that explains a diagnostic: "the first declaration is here".
struct Note {
  const SourceFile* file = nullptr;  // null: a note without a place
  SourceSpan span;
  std::string message;
};

// One thing to tell the user. `message` is one line without a full stop at its end being required; `help` says what to
// do and may be empty.
struct Diagnostic {
  Severity severity = Severity::kError;
  const SourceFile* file = nullptr;  // null: about no file in particular, then `path` names what it is about
  std::string path;
  bool has_span = true;
  SourceSpan span;
  std::string message;
  std::vector<Note> notes;
  std::string help;
  std::size_t sequence = 0;  // Report's: keeps the order of diagnostics at one place
};

// Collects diagnostics of one run. The files that they name must outlive it.
class Report {
 public:
  // Further errors of a file are counted and left out, so that a binary file does not fill the screen.
  static constexpr std::size_t kMaxDiagnosticsPerFile = 100;

  Diagnostic& error(const SourceFile& file, SourceSpan span, std::string message);
  Diagnostic& warning(const SourceFile& file, SourceSpan span, std::string message);
  // About a whole file or argument: no line and column.
  Diagnostic& error(std::string path, std::string message);
  Diagnostic& warning(std::string path, std::string message);

  std::size_t error_count() const { return errors_; }
  std::size_t warning_count() const { return warnings_; }
  // Sorted: files in the order in which they were first mentioned, then by place.
  const std::vector<Diagnostic>& sorted();
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  Diagnostic& add(Diagnostic diagnostic);
  std::vector<Diagnostic> diagnostics_;
  Diagnostic dropped_;  // where diagnostics beyond the limit go
  const SourceFile* last_file_ = nullptr;
  std::size_t last_file_count_ = 0;
  std::size_t errors_ = 0, warnings_ = 0, sequence_ = 0;
};

// How a diagnostic is written: gcc's "file:line:column: error: text", or the form that Visual Studio reads.
enum class ErrorFormat : std::uint8_t { kGcc, kMsvs };

// The diagnostic's text: its line, the line of source with a mark below it, notes and help; ends with a newline.
std::string render(const Diagnostic& diagnostic, ErrorFormat format);

using proto::nearest_name;

}  // namespace godwit::compiler

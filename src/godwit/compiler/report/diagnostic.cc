#include "godwit/compiler/report/diagnostic.h"

#include <algorithm>
#include <unordered_map>

namespace godwit::compiler {

Diagnostic& Report::add(Diagnostic diagnostic) {
  (diagnostic.severity == Severity::kError ? errors_ : warnings_) += 1;
  if (diagnostic.file != last_file_) {
    last_file_ = diagnostic.file;
    last_file_count_ = 0;
  }
  if (diagnostic.file != nullptr && ++last_file_count_ > kMaxDiagnosticsPerFile) {
    if (last_file_count_ == kMaxDiagnosticsPerFile + 1) {
      diagnostic.message = "too many errors in this file; the others are left out";
      diagnostics_.push_back(std::move(diagnostic));
    }
    dropped_ = {};
    return dropped_;
  }
  diagnostics_.push_back(std::move(diagnostic));
  return diagnostics_.back();
}

Diagnostic& Report::error(const SourceFile& file, SourceSpan span, std::string message) {
  Diagnostic d;
  d.file = &file;
  d.span = span;
  d.message = std::move(message);
  return add(std::move(d));
}

Diagnostic& Report::warning(const SourceFile& file, SourceSpan span, std::string message) {
  Diagnostic d;
  d.severity = Severity::kWarning;
  d.file = &file;
  d.span = span;
  d.message = std::move(message);
  return add(std::move(d));
}

Diagnostic& Report::error(std::string path, std::string message) {
  Diagnostic d;
  d.path = std::move(path);
  d.has_span = false;
  d.message = std::move(message);
  return add(std::move(d));
}

Diagnostic& Report::warning(std::string path, std::string message) {
  Diagnostic d;
  d.severity = Severity::kWarning;
  d.path = std::move(path);
  d.has_span = false;
  d.message = std::move(message);
  return add(std::move(d));
}

const std::vector<Diagnostic>& Report::sorted() {
  std::unordered_map<const SourceFile*, std::size_t> order;
  for (const Diagnostic& d : diagnostics_) order.emplace(d.file, order.size());
  for (Diagnostic& d : diagnostics_) {
    if (d.sequence == 0) d.sequence = ++sequence_;
  }
  std::sort(diagnostics_.begin(), diagnostics_.end(), [&](const Diagnostic& a, const Diagnostic& b) {
    if (a.file != b.file) return order[a.file] < order[b.file];
    if (a.file != nullptr && a.span.begin != b.span.begin) return a.span.begin < b.span.begin;
    return a.sequence < b.sequence;
  });
  return diagnostics_;
}

namespace {

// The place of a column in a line of text: protoc's columns jump at tabs.
std::size_t byte_of_column(std::string_view line, std::uint32_t column) {
  std::uint32_t at = 0;
  std::size_t i = 0;
  while (i < line.size() && at < column) {
    at = line[i] == '\t' ? (at / 8 + 1) * 8 : at + 1;
    ++i;
  }
  return i;
}

bool is_continuation_byte(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

void append_source_line(std::string& out, const SourceFile& file, SourceSpan span) {
  std::string_view line = file.line(span.begin.line);
  std::size_t begin = byte_of_column(line, span.begin.column);
  std::size_t end = span.end.line == span.begin.line ? byte_of_column(line, span.end.column) : line.size();
  // A line of a generated or binary file may be very long: show a window around the place.
  constexpr std::size_t kWindow = 160;
  std::size_t from = 0;
  if (line.size() > kWindow) {
    from = begin > kWindow / 2 ? begin - kWindow / 2 : 0;
    while (from > 0 && is_continuation_byte(line[from])) --from;
    std::size_t to = std::min(line.size(), from + kWindow);
    while (to < line.size() && is_continuation_byte(line[to])) ++to;
    end = std::min(end, to);
    line = line.substr(from, to - from);
    begin -= from;
    end -= std::min(end, from);
  }
  std::string number = std::to_string(span.begin.line + 1);
  if (number.size() < 4) number.insert(0, 4 - number.size(), ' ');
  out += "  " + number + " | ";
  for (char c : line) {
    unsigned char u = static_cast<unsigned char>(c);
    out += (u < 0x20 && c != '\t') || u == 0x7F ? '?' : c;
  }
  while (out.ends_with(' ') || out.ends_with('\t')) out.pop_back();
  out += "\n  " + std::string(number.size(), ' ') + " | ";
  for (std::size_t i = 0; i < begin && i < line.size(); ++i) {
    if (!is_continuation_byte(line[i])) out += line[i] == '\t' ? '\t' : ' ';
  }
  out += '^';
  for (std::size_t i = begin + 1; i < end && i < line.size(); ++i) {
    if (!is_continuation_byte(line[i])) out += '~';
  }
  out += '\n';
}

void append_place(std::string& out, const SourceFile& file, SourceSpan span, std::string_view kind, ErrorFormat format) {
  std::string line = std::to_string(span.begin.line + 1), column = std::to_string(span.begin.column + 1);
  if (format == ErrorFormat::kMsvs) {
    out += file.path() + "(" + line + ") : " + std::string(kind) + " in column=" + column + ": ";
  } else {
    out += file.path() + ":" + line + ":" + column + ": " + std::string(kind) + ": ";
  }
}

void append_indented(std::string& out, std::string_view label, std::string_view text) {
  out += "  ";
  out += label;
  for (char c : text) {
    out += c;
    if (c == '\n') out += std::string(2 + label.size(), ' ');
  }
  out += '\n';
}

}  // namespace

std::string render(const Diagnostic& d, ErrorFormat format) {
  std::string out;
  std::string_view kind = d.severity == Severity::kError ? "error" : "warning";
  if (d.file != nullptr && d.has_span) {
    append_place(out, *d.file, d.span, kind, format);
  } else {
    if (!d.path.empty()) out += d.path + ": ";
    out += std::string(kind) + ": ";
  }
  out += d.message + "\n";
  if (d.file != nullptr && d.has_span) append_source_line(out, *d.file, d.span);
  for (const Note& note : d.notes) {
    if (note.file == nullptr) {
      append_indented(out, "note: ", note.message);
      continue;
    }
    append_place(out, *note.file, note.span, "note", format);
    out += note.message + "\n";
    append_source_line(out, *note.file, note.span);
  }
  if (!d.help.empty()) append_indented(out, "help: ", d.help);
  return out;
}

}  // namespace godwit::compiler

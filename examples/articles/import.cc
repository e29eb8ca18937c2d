#include "import.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "godwit/proto/wire/utf8.h"

namespace articles {

using godwit::Error;
using godwit::Failure;
using godwit::Result;
namespace fs = std::filesystem;

namespace {

// A page of 100 articles must fit the 4 MiB that clients take by default with room to spare for ordinary texts.
constexpr std::uintmax_t kLargestFile = 1 << 20;

std::string title_of(std::string_view text, const fs::path& path) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    while (!line.empty() && (line.front() == '#' || line.front() == ' ')) line.remove_prefix(1);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (!line.empty()) return std::string(line);
    at = end + 1;
  }
  return path.stem().string();
}

std::string time_of(const fs::path& path) {
  std::error_code error;
  const auto written = fs::last_write_time(path, error);
  const auto now = std::chrono::system_clock::now();
  const auto when = error ? now : now + std::chrono::duration_cast<std::chrono::system_clock::duration>(
                                            written - fs::file_time_type::clock::now());
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts));
}

}  // namespace

Result<ImportReport, Error> import_folder(Connection& connection, const std::string& folder,
                                          const std::function<void(std::size_t, std::size_t)>& progress,
                                          const std::function<void(const std::string&, const std::string&)>& skip) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied, error), end; !error && it != end;
       it.increment(error)) {
    const fs::path& path = it->path();
    const std::string name = path.filename().string();
    if (name.starts_with('.') || name == "build") {
      if (it->is_directory(error)) it.disable_recursion_pending();
      continue;
    }
    if ((path.extension() == ".txt" || path.extension() == ".md") && it->is_regular_file(error)) files.push_back(path);
  }
  if (error) return Failure(Error(folder + ": can't be read: " + error.message()));
  std::sort(files.begin(), files.end());

  ImportReport report;
  auto done = connection.transaction([&]() -> Result<void, Error> {
    for (std::size_t i = 0; i < files.size(); ++i) {
      const fs::path& path = files[i];
      std::error_code size_error;
      std::ifstream file(path, std::ios::binary);
      std::string text;
      std::string problem;
      if (fs::file_size(path, size_error) > kLargestFile || size_error) {
        problem = size_error ? size_error.message() : "larger than 1 MiB";
      } else if (!file) {
        problem = "can't be read";
      } else {
        text.assign(std::istreambuf_iterator<char>(file), {});
        if (!godwit::proto::is_valid_utf8(text)) problem = "not UTF-8 text";
      }
      if (problem.empty()) {
        auto inserted = connection.insert({0, title_of(text, path), text, time_of(path)});
        if (!inserted.ok()) return Failure(std::move(inserted.error()));
        ++report.imported;
      } else {
        skip(path.string(), problem);
        ++report.skipped;
      }
      progress(i + 1, files.size());
    }
    return {};
  });
  if (!done.ok()) return Failure(std::move(done.error()));
  return report;
}

}  // namespace articles

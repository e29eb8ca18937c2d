#include "godwit/compiler/driver/output_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace godwit::compiler {
namespace {

namespace fs = std::filesystem;

Result<void, Error> write_to(const std::string& path, const std::string& content, int flags) {
  int fd = ::open(path.c_str(), flags | O_WRONLY | O_CLOEXEC, 0666);
  if (fd < 0) return Failure(error_from_errno(path, errno));
  std::size_t done = 0;
  while (done < content.size()) {
    ssize_t n = ::write(fd, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      int code = errno;
      ::close(fd);
      return Failure(error_from_errno(path, code));
    }
    done += static_cast<std::size_t>(n);
  }
  if (::close(fd) != 0) return Failure(error_from_errno(path, errno));
  return {};
}

bool is_special(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

}  // namespace

Result<void, Error> write_output_files(const std::vector<OutputFile>& files) {
  std::vector<std::pair<std::string, const OutputFile*>> temporary;
  std::vector<const OutputFile*> special;
  auto give_up = [&](Error error) -> Result<void, Error> {
    for (const auto& [path, file] : temporary) ::unlink(path.c_str());
    return Failure(std::move(error));
  };
  std::string ending = ".tmp" + std::to_string(::getpid());
  for (const OutputFile& file : files) {
    if (is_special(file.path)) {
      special.push_back(&file);
      continue;
    }
    fs::path folder = fs::path(file.path).parent_path();
    if (!folder.empty()) {
      std::error_code failed;
      fs::create_directories(folder, failed);
      if (failed) return give_up(error_from_errno(folder.string(), failed.value()));
    }
    if (fs::is_directory(file.path)) return give_up(error_from_errno(file.path, EISDIR));
    temporary.emplace_back(file.path + ending, &file);
    auto written = write_to(temporary.back().first, file.content, O_CREAT | O_TRUNC);
    if (!written.ok()) return give_up(written.error());
  }
  for (auto& [path, file] : temporary) {
    if (::rename(path.c_str(), file->path.c_str()) != 0) return give_up(error_from_errno(file->path, errno));
  }
  for (const OutputFile* file : special) {
    auto written = write_to(file->path, file->content, O_APPEND);
    if (!written.ok()) return written;
  }
  return {};
}

}  // namespace godwit::compiler

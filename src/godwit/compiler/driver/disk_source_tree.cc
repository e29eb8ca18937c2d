#include "godwit/compiler/driver/disk_source_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "godwit/proto/schema/suggest.h"

namespace godwit::compiler {

namespace fs = std::filesystem;

Result<std::string, Error> read_file(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failure(error_from_errno(path, errno));
  struct stat info{};
  if (::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
    ::close(fd);
    return Failure(error_from_errno(path, EISDIR));
  }
  std::string text;
  std::size_t filled = 0;
  text.resize(info.st_size > 0 ? static_cast<std::size_t>(info.st_size) + 1 : 4096);
  while (true) {
    if (filled == text.size()) text.resize(text.size() * 2);
    ssize_t n = ::read(fd, text.data() + filled, text.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      int code = errno;
      ::close(fd);
      return Failure(error_from_errno(path, code));
    }
    if (n == 0) break;
    filled += static_cast<std::size_t>(n);
  }
  ::close(fd);
  text.resize(filled);
  return text;
}

namespace {

// Why a name cannot be an import name, or "".
std::string bad_import_name(std::string_view name) {
  if (name.empty()) return "the name is empty";
  if (name.find('\\') != std::string_view::npos) return "import names have forward slashes";
  if (name.find('\0') != std::string_view::npos) return "the name has a NUL character";
  if (name.front() == '/') return "import names are relative to a folder of -I: drop what stands in front of it";
  std::size_t begin = 0;
  while (begin <= name.size()) {
    std::size_t end = std::min(name.find('/', begin), name.size());
    std::string_view part = name.substr(begin, end - begin);
    if (part.empty()) return "consecutive slashes are not allowed in an import name";
    if (part == "." || part == "..") return "\".\" and \"..\" are not allowed in an import name";
    begin = end + 1;
  }
  return {};
}

std::string normal(const std::string& path) {
  std::string p = fs::path(path).lexically_normal().string();
  while (p.size() > 1 && p.back() == '/') p.pop_back();
  return p;
}

// What is left of `path` below `folder`; false if it is not below it.
bool below(const std::string& path, const std::string& folder, std::string& rest) {
  if (folder == ".") {
    if (path.starts_with('/') || path.starts_with("../") || path == "..") return false;
    rest = path;
    return true;
  }
  std::string prefix = folder.ends_with('/') ? folder : folder + "/";
  if (!path.starts_with(prefix)) return false;
  rest = path.substr(prefix.size());
  return true;
}

}  // namespace

void DiskSourceTree::map(std::string virtual_path, std::string disk_path) {
  while (virtual_path.ends_with('/')) virtual_path.pop_back();
  mappings_.push_back({std::move(virtual_path), normal(disk_path.empty() ? "." : disk_path)});
}

std::string DiskSourceTree::disk_path_of(const Mapping& m, std::string_view name) {
  if (!m.virtual_path.empty()) {
    if (name == m.virtual_path) return m.disk_path;  // a mapping of one file
    if (!name.starts_with(m.virtual_path) || name[m.virtual_path.size()] != '/') return {};
    name.remove_prefix(m.virtual_path.size() + 1);
  }
  if (m.disk_path == ".") return std::string(name);
  return m.disk_path + (m.disk_path.ends_with('/') ? "" : "/") + std::string(name);
}

Result<std::unique_ptr<SourceFile>, Error> DiskSourceTree::open(std::string_view name) {
  if (std::string reason = bad_import_name(name); !reason.empty()) return Failure(Error(reason));
  for (const Mapping& m : mappings_) {
    std::string path = disk_path_of(m, name);
    if (path.empty()) continue;
    auto text = read_file(path);
    if (text.ok()) return std::make_unique<SourceFile>(std::string(name), path, std::move(*text));
    int code = text.error().os_error;
    if (code != ENOENT && code != ENOTDIR) return Failure(text.error());
  }
  if (const BundledFile* bundled = find_bundled_file(name)) {
    return std::make_unique<SourceFile>(std::string(name), std::string(name), std::string(bundled->text));
  }
  std::string folders;
  for (const Mapping& m : mappings_) folders += (folders.empty() ? "" : ", ") + m.disk_path;
  std::string help = "looked in " + folders + " and among the bundled files; -I FOLDER adds a folder";
  // A name that is nearly right: the same folder with another file.
  std::vector<std::string> held;
  std::vector<std::string_view> candidates;
  for (const Mapping& m : mappings_) {
    std::string path = disk_path_of(m, name);
    if (path.empty()) continue;
    fs::path folder = fs::path(path).parent_path();
    std::error_code ignored;
    for (fs::directory_iterator i(folder.empty() ? "." : folder, ignored), end;
         !ignored && i != end && held.size() < 10000; i.increment(ignored)) {
      std::string file = i->path().filename().string();
      if (!file.ends_with(".proto")) continue;
      std::size_t slash = name.rfind('/');
      held.push_back(slash == std::string_view::npos ? file : std::string(name.substr(0, slash + 1)) + file);
    }
  }
  for (std::size_t i = 0; i < kBundledFileCount; ++i) held.emplace_back(kBundledFiles[i].name);
  for (const std::string& h : held) candidates.push_back(h);
  if (std::string_view nearest = proto::nearest_name(name, candidates); !nearest.empty())
    help = "did you mean \"" + std::string(nearest) + "\"? (" + help + ")";
  return Failure(Error("no such file\n" + help));
}

Result<std::string, Error> DiskSourceTree::import_name_of(const std::string& disk_file) const {
  std::error_code ignored;
  bool exists = fs::exists(disk_file, ignored);
  if (!exists) {
    // Perhaps it is an import name already.
    if (bad_import_name(disk_file).empty()) {
      for (const Mapping& m : mappings_) {
        std::string path = disk_path_of(m, disk_file);
        if (!path.empty() && fs::exists(path, ignored)) return disk_file;
      }
      if (find_bundled_file(disk_file) != nullptr) return disk_file;
    }
    std::string message = disk_file + ": No such file or directory";
    std::vector<std::string> held;
    fs::path folder = fs::path(disk_file).parent_path();
    for (fs::directory_iterator i(folder.empty() ? "." : folder, ignored), end;
         !ignored && i != end && held.size() < 10000; i.increment(ignored)) {
      std::string file = i->path().filename().string();
      if (file.ends_with(".proto")) held.push_back((folder / file).string());
    }
    std::vector<std::string_view> candidates(held.begin(), held.end());
    std::string_view nearest = proto::nearest_name(disk_file, candidates);
    if (!nearest.empty()) message += "\ndid you mean \"" + std::string(nearest) + "\"?";
    return Failure(Error(message));
  }
  auto find = [&](auto&& normalize) -> std::string {
    std::string file = normalize(disk_file);
    std::string rest;
    for (const Mapping& m : mappings_) {
      if (file == normalize(m.disk_path)) return m.virtual_path;
      if (below(file, normalize(m.disk_path), rest)) return m.virtual_path.empty() ? rest : m.virtual_path + "/" + rest;
    }
    return {};
  };
  std::string name = find([](const std::string& p) { return normal(p); });
  // The same folder may be written in two ways: compare where they lead.
  if (name.empty()) {
    name = find([](const std::string& p) {
      std::error_code failed;
      fs::path canonical =
          fs::weakly_canonical(fs::path(p).is_absolute() ? fs::path(p) : fs::current_path() / p, failed);
      return failed ? normal(p) : normal(canonical.string());
    });
  }
  if (name.empty()) {
    std::string folders;
    for (const Mapping& m : mappings_) folders += (folders.empty() ? "" : ", ") + m.disk_path;
    std::string parent = fs::path(disk_file).parent_path().string();
    return Failure(Error(disk_file + ": the file lies in none of the folders of -I (" + folders + ")\nadd -I " +
                         (parent.empty() ? "." : parent) + ", or the folder that import names start from"));
  }
  // Another file may stand in front of it under the same name.
  for (const Mapping& m : mappings_) {
    std::string path = disk_path_of(m, name);
    if (path.empty() || !fs::exists(path, ignored)) continue;
    if (!fs::equivalent(path, disk_file, ignored)) {
      return Failure(Error(disk_file + ": \"" + path + "\" hides it: both are imported as \"" + name +
                           "\"\nname that file instead, or change the order of -I"));
    }
    break;
  }
  return name;
}

}  // namespace godwit::compiler

#include "godwit/net/port_holder.h"

#include <dirent.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace godwit::net {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;
using Folder = std::unique_ptr<DIR, CloseFolder>;

bool is_number(const char* text) { return *text != 0 && std::strspn(text, "0123456789") == std::strlen(text); }

// The inode of the socket that listens on `port`, from /proc/net/tcp or tcp6; 0 when there is none.
unsigned long inode_of(const char* table, std::uint16_t port) {
  const File file(std::fopen(table, "re"));
  if (!file) return 0;
  char line[512];
  while (std::fgets(line, sizeof line, file.get())) {
    unsigned local_port = 0, state = 0;
    unsigned long inode = 0;
    constexpr unsigned kListen = 0x0a;
    if (std::sscanf(line, "%*d: %*[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*s %*s %lu", &local_port, &state, &inode) == 3 &&
        local_port == port && state == kListen) {
      return inode;
    }
  }
  return 0;
}

bool holds(const std::string& process, const std::string& socket) {
  const std::string path = process + "/fd";
  const Folder folder(opendir(path.c_str()));
  if (!folder) return false;
  while (const dirent* entry = readdir(folder.get())) {
    char target[64];
    const ssize_t length = readlinkat(dirfd(folder.get()), entry->d_name, target, sizeof target);
    if (length > 0 && socket.compare(0, socket.npos, target, static_cast<std::size_t>(length)) == 0) return true;
  }
  return false;
}

}  // namespace

std::string holder_of_port(std::uint16_t port) {
  unsigned long inode = inode_of("/proc/net/tcp", port);
  if (inode == 0) inode = inode_of("/proc/net/tcp6", port);
  if (inode == 0) return {};
  const std::string socket = "socket:[" + std::to_string(inode) + "]";
  const Folder processes(opendir("/proc"));
  if (!processes) return {};
  while (const dirent* entry = readdir(processes.get())) {
    if (!is_number(entry->d_name)) continue;
    const std::string process = std::string("/proc/") + entry->d_name;
    if (!holds(process, socket)) continue;
    char name[64] = "?";
    if (const File file(std::fopen((process + "/comm").c_str(), "re")); file) {
      if (std::fgets(name, sizeof name, file.get())) name[std::strcspn(name, "\n")] = 0;
    }
    return std::string("pid ") + entry->d_name + " (" + name + ")";
  }
  return {};
}

}  // namespace godwit::net

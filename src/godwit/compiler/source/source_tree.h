#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/compiler/source/bundled.h"
#include "godwit/compiler/source/source_file.h"

namespace godwit::compiler {

// Where .proto files come from. The compiler itself opens nothing: the command line implements this over directories,
// tests over a map, a server over what its clients send.
class SourceTree {
 public:
  virtual ~SourceTree() = default;
  // The file that `import "name";` means. The error's text is complete: it names the file and says what to do.
  virtual Result<std::unique_ptr<SourceFile>, Error> open(std::string_view name) = 0;
};

// Files in memory; the names are the paths too.
class MemorySourceTree : public SourceTree {
 public:
  void add(std::string name, std::string text) { files_[std::move(name)] = std::move(text); }
  Result<std::unique_ptr<SourceFile>, Error> open(std::string_view name) override;

 private:
  std::map<std::string, std::string, std::less<>> files_;
};

}  // namespace godwit::compiler

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/base/result.h"
#include "godwit/proto/schema/descriptor.h"

namespace godwit::compiler {

// What a generator is asked for.
struct GeneratorRequest {
  // The files named by the user, linked; their imports are reachable through them. Never empty.
  std::span<const proto::FileDescriptor* const> files;
  // What stands before the colon in --NAME_out=PARAMETER:DIRECTORY, and in --NAME_opt; "" when nothing does.
  std::string_view parameter;
};

// A file to be written. `name` is relative to the output directory, with slashes, and never leads out of it.
struct GeneratedOutput {
  std::string name;
  std::string content;
};

// Why nothing can be generated. With a file and a path (as in SourceCodeInfo.Location) the place in the .proto is shown.
struct GeneratorError {
  std::string message;
  std::string help;
  const proto::FileDescriptor* file = nullptr;
  std::vector<std::int32_t> path;
};

// Makes code, or anything else, of linked files. Opens and writes nothing itself. The output depends on the request
// alone: the same request gives the same bytes.
class Generator {
 public:
  virtual ~Generator() = default;
  virtual Result<std::vector<GeneratedOutput>, std::vector<GeneratorError>> generate(const GeneratorRequest& request) const = 0;
};

// "a=b,c" is {{"a", "b"}, {"c", ""}}.
std::vector<std::pair<std::string, std::string>> parse_generator_parameter(std::string_view parameter);

// "dir/file.proto" is "dir/file"; names without the ending stay.
std::string_view strip_proto_extension(std::string_view name);

}  // namespace godwit::compiler

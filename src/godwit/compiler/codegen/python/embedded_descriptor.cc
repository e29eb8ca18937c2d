#include "godwit/compiler/codegen/python/embedded_descriptor.h"

#include "godwit/compiler/codegen/python/python_names.h"
#include "godwit/compiler/descriptor/retention.h"

namespace godwit::compiler::python {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;

// The JSON name that a field has when none is written.
std::string usual_json_name(std::string_view name) {
  std::string out;
  bool capital = false;
  for (const char c : name) {
    if (c == '_') {
      capital = true;
    } else {
      out += capital && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      capital = false;
    }
  }
  return out;
}

void drop_json_name(FieldDescriptorProto& field, bool extension) {
  if (extension || field.json_name() == usual_json_name(field.name())) field.clear_json_name();
}

void drop_json_names(DescriptorProto& message) {
  for (int i = 0; i < message.field_size(); ++i) drop_json_name(*message.mutable_field(i), false);
  for (int i = 0; i < message.extension_size(); ++i) drop_json_name(*message.mutable_extension(i), true);
  for (int i = 0; i < message.nested_type_size(); ++i) drop_json_names(*message.mutable_nested_type(i));
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

// The expression for the descriptor that protobuf's builder put into the module.
std::string global(const std::string& name) { return "_globals['" + name + "']"; }

class Statements {
 public:
  explicit Statements(const std::string& serialized) : serialized_(serialized) {}

  void file(const FileDescriptorProto& file) {
    options("DESCRIPTOR", file, true);
    for (int i = 0; i < file.enum_type_size(); ++i) options_of_enum("_", file.enum_type(i));
    for (int i = 0; i < file.extension_size(); ++i) {
      extension("DESCRIPTOR.extensions_by_name", file.extension(i));
    }
    for (int i = 0; i < file.message_type_size(); ++i) options_of_message("_", file.message_type(i));
    for (int i = 0; i < file.service_size(); ++i) {
      const auto& service = file.service(i);
      const std::string name = global("_" + upper(service.name()));
      options(name, service);
      for (int m = 0; m < service.method_size(); ++m) {
        options(name + ".methods_by_name['" + std::string(service.method(m).name()) + "']", service.method(m));
      }
    }
    for (int i = 0; i < file.enum_type_size(); ++i) place("_", file.enum_type(i));
    for (int i = 0; i < file.message_type_size(); ++i) place_of_message("_", file.message_type(i));
    for (int i = 0; i < file.service_size(); ++i) place("_", file.service(i));
  }

  std::vector<std::string> take() { return std::move(lines_); }

 private:
  // Both names under which releases of protobuf keep options that were read already.
  template <typename Proto>
  void options(const std::string& descriptor, const Proto& proto, bool always = false) {
    const std::string bytes = proto.has_options() ? proto.options().SerializeAsString() : std::string();
    if (bytes.empty() && !always) return;
    lines_.push_back(descriptor + "._options = " + descriptor + "._loaded_options = None");
    if (!bytes.empty()) lines_.push_back(descriptor + "._serialized_options = b'" + escape_bytes(bytes) + "'");
  }

  void extension(const std::string& among, const FieldDescriptorProto& field) {
    const std::string descriptor = among + "['" + std::string(field.name()) + "']";
    // protobuf 4.21 does not know an extension before this.
    lines_.push_back("_register(" + descriptor + ")");
    options(descriptor, field);
  }

  void options_of_enum(const std::string& scope, const EnumDescriptorProto& type) {
    const std::string name = global(scope + upper(type.name()));
    options(name, type);
    for (int i = 0; i < type.value_size(); ++i) {
      options(name + ".values_by_name[\"" + std::string(type.value(i).name()) + "\"]", type.value(i));
    }
  }

  void options_of_message(const std::string& scope, const DescriptorProto& message) {
    const std::string inner = scope + upper(message.name());
    const std::string name = global(inner);
    for (int i = 0; i < message.nested_type_size(); ++i) options_of_message(inner + "_", message.nested_type(i));
    for (int i = 0; i < message.enum_type_size(); ++i) options_of_enum(inner + "_", message.enum_type(i));
    for (int i = 0; i < message.field_size(); ++i) {
      options(name + ".fields_by_name['" + std::string(message.field(i).name()) + "']", message.field(i));
    }
    for (int i = 0; i < message.extension_size(); ++i) {
      extension(name + ".extensions_by_name", message.extension(i));
    }
    for (int i = 0; i < message.oneof_decl_size(); ++i) {
      options(name + ".oneofs_by_name['" + std::string(message.oneof_decl(i).name()) + "']", message.oneof_decl(i));
    }
    options(name, message);
  }

  template <typename Proto>
  void place(const std::string& scope, const Proto& proto) {
    const std::string bytes = proto.SerializeAsString();
    const std::size_t start = serialized_.find(bytes);
    if (start == std::string::npos) return;
    const std::string name = global(scope + upper(proto.name()));
    lines_.push_back(name + "._serialized_start=" + std::to_string(start));
    lines_.push_back(name + "._serialized_end=" + std::to_string(start + bytes.size()));
  }

  void place_of_message(const std::string& scope, const DescriptorProto& message) {
    place(scope, message);
    const std::string inner = scope + upper(message.name()) + "_";
    for (int i = 0; i < message.nested_type_size(); ++i) place_of_message(inner, message.nested_type(i));
    for (int i = 0; i < message.enum_type_size(); ++i) place(inner, message.enum_type(i));
  }

  const std::string& serialized_;
  std::vector<std::string> lines_;
};

}  // namespace

FileDescriptorProto embedded_descriptor(const proto::FileDescriptor& file) {
  FileDescriptorProto out(file.proto());
  strip_source_options(file, out);
  out.clear_source_code_info();
  for (int i = 0; i < out.message_type_size(); ++i) drop_json_names(*out.mutable_message_type(i));
  for (int i = 0; i < out.extension_size(); ++i) drop_json_name(*out.mutable_extension(i), true);
  return out;
}

std::vector<std::string> pure_python_statements(const FileDescriptorProto& file, const std::string& serialized) {
  Statements statements(serialized);
  statements.file(file);
  return statements.take();
}

}  // namespace godwit::compiler::python

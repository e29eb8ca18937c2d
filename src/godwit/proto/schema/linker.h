#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "godwit/base/arena.h"
#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"
#include "godwit/proto/schema/pool.h"

// The inner side of DescriptorPool: its tables, and the linker that fills them. The compiler uses these too, because it
// interprets options between the two halves of linking.
namespace godwit::proto {

// What a full name stands for.
struct Symbol {
  enum class Kind : std::uint8_t { kNone, kPackage, kMessage, kField, kOneof, kEnum, kEnumValue, kService, kMethod };
  std::string_view full_name;
  const void* descriptor = nullptr;  // of the kind's class; null for packages
  const FileDescriptor* file = nullptr;  // of a package: the first file that has it
  Kind kind = Kind::kNone;

  explicit operator bool() const { return kind != Kind::kNone; }
  bool is_type() const { return kind == Kind::kMessage || kind == Kind::kEnum; }
  // Things inside which names are looked up.
  bool is_scope() const { return is_type() || kind == Kind::kPackage || kind == Kind::kService; }
  const MessageDescriptor* message() const { return kind == Kind::kMessage ? static_cast<const MessageDescriptor*>(descriptor) : nullptr; }
  const EnumDescriptor* enumeration() const { return kind == Kind::kEnum ? static_cast<const EnumDescriptor*>(descriptor) : nullptr; }
  const FieldDescriptor* field() const { return kind == Kind::kField ? static_cast<const FieldDescriptor*>(descriptor) : nullptr; }
};

// Full name to symbol: open addressing, power of two, at most half full.
class SymbolTable {
 public:
  const Symbol* find(std::string_view full_name) const;
  // scope + "." + name, or name when the scope is empty.
  const Symbol* find(std::string_view scope, std::string_view name) const;
  // The name must be new.
  void insert(const Symbol& symbol);
  void erase(std::string_view full_name);
  // Every live symbol, in no order: for suggestions.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const Symbol& s : slots_) {
      if (s) visit(s);
    }
  }

 private:
  static std::size_t hash(std::string_view name) { return std::hash<std::string_view>()(name); }
  void grow();
  std::vector<Symbol> slots_;
  std::vector<std::uint32_t> hashes_;  // of occupied and erased slots, never 0; 0 is a slot that was never used
  std::size_t used_ = 0;               // occupied and erased
};

struct ExtensionKey {
  const MessageDescriptor* extendee;
  std::int32_t number;
  bool operator==(const ExtensionKey&) const = default;
};
struct ExtensionKeyHash {
  std::size_t operator()(const ExtensionKey& k) const {
    return std::hash<const void*>()(k.extendee) * 31 + static_cast<std::size_t>(k.number);
  }
};

struct DescriptorPool::Tables {
  Arena arena;
  SymbolTable symbols;
  std::unordered_map<std::string_view, const FileDescriptor*> files_by_name;
  std::vector<const FileDescriptor*> files;
  std::unordered_map<ExtensionKey, const FieldDescriptor*, ExtensionKeyHash> extensions;
  // Scratch of the linker: which files the file that is being linked can see, by FileDescriptor::index_.
  std::vector<std::uint32_t> visible;
  std::uint32_t visible_mark = 0;
  std::mutex lazy;  // guards what is made at first use by const functions
};

// Links one file in two halves: link() makes the descriptors and resolves names; then options may be interpreted; then
// finish() checks the rules that options have a say in. `file` must lie in the pool's arena; it is brought to its
// normal form (type names absolute, types and JSON names set).
class SchemaLinker {
 public:
  SchemaLinker(DescriptorPool& pool, google::protobuf::FileDescriptorProto& file, SchemaErrors& errors)
      : pool_(pool), tables_(pool.tables()), proto_(file), errors_(errors) {}

  // Null when there are errors; the pool is as before then.
  FileDescriptor* link();
  // False when there are errors; the pool is as before link() then.
  bool finish();
  // Takes the file out of the pool again, after link().
  void abandon();

  // What a name means when it is written in `scope` (a full name) of this file: the innermost scope is searched first,
  // and only what the file imports is seen. `types_only` passes over anything else.
  Symbol look_up(std::string_view name, std::string_view scope, bool types_only);
  // The error for a name that look_up() did not find (it tells what the last look_up() met), and what to do.
  void explain_undefined(std::string_view name, std::string_view scope, bool types_only, std::string& message, std::string& help);
  // Says that the file needs the import of `file`.
  void use(const FileDescriptor* file);
  // Adds a warning for each import that nothing needs.
  void report_unused_imports();

 private:
  // linker_build.cc
  void add_package();
  bool add_symbol(std::string_view full_name, std::string_view name, Symbol::Kind kind, const void* descriptor);
  bool check_identifier(std::string_view name, std::string_view element);
  std::string_view full_name(std::string_view scope, std::string_view name);
  bool link_dependencies();
  void see(const FileDescriptor* file);
  bool sees(const FileDescriptor* file) const;
  void build_message(MessageDescriptor& m, google::protobuf::DescriptorProto& proto, std::string_view scope,
                     const MessageDescriptor* parent, std::uint32_t index);
  void build_field(FieldDescriptor& f, google::protobuf::FieldDescriptorProto& proto, std::string_view scope,
                   const MessageDescriptor* parent, std::uint32_t index, bool is_extension);
  void build_enum(EnumDescriptor& e, google::protobuf::EnumDescriptorProto& proto, std::string_view scope,
                  const MessageDescriptor* parent, std::uint32_t index);
  void build_service(ServiceDescriptor& s, google::protobuf::ServiceDescriptorProto& proto, std::uint32_t index);
  std::span<const NumberRange> copy_ranges(const std::vector<NumberRange>& ranges);

  // linker_resolve.cc
  void link_oneofs(MessageDescriptor& m);
  void resolve_message(MessageDescriptor& m);
  void resolve_field(FieldDescriptor& f, std::string_view scope);
  void resolve_default(FieldDescriptor& f);
  void resolve_enum_default(FieldDescriptor& f);
  void resolve_method(MethodDescriptor& m);
  Symbol look_up_unchecked(std::string_view name, std::string_view scope, bool types_only);
  bool package_is_visible(std::string_view package) const;
  Symbol find_visible(std::string_view full_name);

  // linker_validate.cc, linker_validate_enum.cc
  void validate_file();
  void validate_message(MessageDescriptor& m);
  void validate_numbers(const MessageDescriptor& m);
  void validate_reserved(const MessageDescriptor& m);
  void validate_field_number(const FieldDescriptor& f);
  std::string next_free_number(const MessageDescriptor& m);  // "" when no suggestion is left
  void validate_json_names(const MessageDescriptor& m);
  void validate_oneofs(const MessageDescriptor& m);
  void validate_map_field(const FieldDescriptor& f);
  void validate_field(FieldDescriptor& f);
  void validate_extension(const FieldDescriptor& f);
  void validate_enum(const EnumDescriptor& e);
  void validate_enum_names(const EnumDescriptor& e);

  using Part = SchemaError::Part;
  SchemaError& error(Part part, std::string_view element, std::string message, std::string help = {});
  SchemaError& warning(Part part, std::string_view element, std::string message, std::string help = {});
  // Extends path_ while it lives.
  class PathGuard {
   public:
    PathGuard(SchemaLinker& linker, std::int32_t field, std::uint32_t index) : path_(linker.path_) {
      path_.push_back(field);
      path_.push_back(static_cast<std::int32_t>(index));
    }
    ~PathGuard() { path_.resize(path_.size() - 2); }

   private:
    std::vector<std::int32_t>& path_;
  };

  DescriptorPool& pool_;
  DescriptorPool::Tables& tables_;
  google::protobuf::FileDescriptorProto& proto_;
  SchemaErrors& errors_;
  FileDescriptor* file_ = nullptr;
  std::vector<std::int32_t> path_;
  std::vector<std::string_view> added_symbols_;
  std::vector<ExtensionKey> added_extensions_;
  std::vector<const FileDescriptor*> unused_;
  // How many more errors get a suggestion. To find one, a name is compared with everything in sight: in a large file
  // whose import is missing that would take minutes.
  int suggestions_left_ = 20;
  std::vector<const FileDescriptor*> visible_files_;
  std::string scratch_;
  bool failed_ = false;
  bool registered_ = false;
  int depth_ = 0;
  // What the last failed look_up() met on its way.
  const FileDescriptor* hidden_in_ = nullptr;  // the name exists in this file, which is not imported
  std::string hidden_name_;
  std::string resolved_prefix_;  // the first part of the name is this scope, in which the rest is not defined
};

// Numbers of FileDescriptorProto & co. that paths are made of.
namespace path {
inline constexpr std::int32_t kFileMessage = 4, kFileEnum = 5, kFileService = 6, kFileExtension = 7, kFileDependency = 3, kFilePackage = 2;
inline constexpr std::int32_t kMessageField = 2, kMessageNested = 3, kMessageEnum = 4, kMessageExtensionRange = 5, kMessageExtension = 6,
                              kMessageOneof = 8, kMessageReservedRange = 9, kMessageReservedName = 10;
inline constexpr std::int32_t kEnumValue = 2, kEnumReservedRange = 4, kEnumReservedName = 5;
inline constexpr std::int32_t kServiceMethod = 2;
}  // namespace path

// A reserved or extension range in a message may go up to here (exclusive).
inline constexpr std::int32_t kEndOfFieldNumbers = 1 << 29;

// lowerCamelCase of a field's name, as JSON has it.
std::string default_json_name(std::string_view field_name);

}  // namespace godwit::proto

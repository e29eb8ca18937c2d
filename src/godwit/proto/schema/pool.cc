#include "godwit/proto/schema/pool.h"

#include <algorithm>

#include "godwit/proto/schema/linker.h"

namespace godwit::proto {

// The hash of an erased slot stays, so that probing goes on over it.
const Symbol* SymbolTable::find(std::string_view full_name) const {
  if (slots_.empty()) return nullptr;
  std::size_t mask = slots_.size() - 1;
  std::size_t h = hash(full_name);
  std::uint32_t mark = static_cast<std::uint32_t>(h >> 32) | 1;
  for (std::size_t i = h & mask; hashes_[i] != 0; i = (i + 1) & mask) {
    if (hashes_[i] == mark && slots_[i] && slots_[i].full_name == full_name) return &slots_[i];
  }
  return nullptr;
}

const Symbol* SymbolTable::find(std::string_view scope, std::string_view name) const {
  if (scope.empty()) return find(name);
  char buffer[256];
  std::size_t size = scope.size() + 1 + name.size();
  if (size > sizeof buffer) return find(std::string(scope) + "." + std::string(name));
  std::copy(scope.begin(), scope.end(), buffer);
  buffer[scope.size()] = '.';
  std::copy(name.begin(), name.end(), buffer + scope.size() + 1);
  return find(std::string_view(buffer, size));
}

void SymbolTable::insert(const Symbol& symbol) {
  if ((used_ + 1) * 2 > slots_.size()) grow();
  std::size_t mask = slots_.size() - 1;
  std::size_t h = hash(symbol.full_name);
  std::size_t i = h & mask;
  while (hashes_[i] != 0) i = (i + 1) & mask;
  slots_[i] = symbol;
  hashes_[i] = static_cast<std::uint32_t>(h >> 32) | 1;
  ++used_;
}

void SymbolTable::erase(std::string_view full_name) {
  if (const Symbol* found = find(full_name)) slots_[static_cast<std::size_t>(found - slots_.data())] = Symbol{};
}

void SymbolTable::grow() {
  std::vector<Symbol> old = std::move(slots_);
  std::size_t live = static_cast<std::size_t>(std::count_if(old.begin(), old.end(), [](const Symbol& s) { return static_cast<bool>(s); }));
  std::size_t size = 64;
  while (size < live * 4 + 4) size *= 2;
  slots_.assign(size, Symbol{});
  hashes_.assign(size, 0);
  used_ = 0;
  for (const Symbol& s : old) {
    if (s) insert(s);
  }
}

std::string to_text(std::string_view file, const SchemaErrors& errors) {
  std::string out;
  for (const SchemaError& e : errors) {
    out += std::string(file) + ": " + (e.element.empty() ? "" : e.element + ": ") + (e.warning ? "warning: " : "") + e.message + "\n";
  }
  return out;
}

DescriptorPool::DescriptorPool() : tables_(std::make_unique<Tables>()) {}
DescriptorPool::~DescriptorPool() = default;

Result<const FileDescriptor*, SchemaErrors> DescriptorPool::add_owned(google::protobuf::FileDescriptorProto& file) {
  SchemaErrors errors;
  SchemaLinker linker(*this, file, errors);
  const FileDescriptor* linked = linker.link();
  if (linked == nullptr || !linker.finish()) return Failure(std::move(errors));
  return linked;
}

Result<const FileDescriptor*, SchemaErrors> DescriptorPool::add(const google::protobuf::FileDescriptorProto& file) {
  auto* copy = create<google::protobuf::FileDescriptorProto>(tables_->arena);
  copy->CopyFrom(file);
  return add_owned(*copy);
}

Result<const FileDescriptor*, SchemaErrors> DescriptorPool::add_serialized(Bytes bytes) {
  auto* file = create<google::protobuf::FileDescriptorProto>(tables_->arena);
  if (!file->MergeFromString(as_text(bytes))) {
    SchemaErrors errors(1);
    errors[0].message = "The bytes are not a serialized FileDescriptorProto.";
    return Failure(std::move(errors));
  }
  return add_owned(*file);
}

Result<void, SchemaErrors> DescriptorPool::add(const google::protobuf::FileDescriptorSet& set) {
  std::unordered_map<std::string_view, const google::protobuf::FileDescriptorProto*> waiting;
  for (const auto& file : set.file()) waiting.emplace(file.name(), &file);
  // Depth first with a stack of our own: a set may come from anywhere.
  struct Step {
    const google::protobuf::FileDescriptorProto* file;
    int next_dependency = 0;
  };
  std::vector<Step> stack;
  SchemaErrors errors;
  for (const auto& file : set.file()) {
    if (!waiting.contains(file.name()) || find_file(file.name()) != nullptr) continue;
    waiting.erase(file.name());
    stack.push_back({&file});
    while (!stack.empty()) {
      Step& step = stack.back();
      if (step.next_dependency < step.file->dependency_size()) {
        auto found = waiting.find(step.file->dependency(step.next_dependency++));
        if (found == waiting.end() || find_file(found->first) != nullptr) continue;
        const auto* next = found->second;
        waiting.erase(found);
        stack.push_back({next});
        continue;
      }
      auto added = add(*step.file);
      if (!added.ok()) errors.insert(errors.end(), added.error().begin(), added.error().end());
      stack.pop_back();
    }
  }
  if (!errors.empty()) return Failure(std::move(errors));
  return {};
}

namespace {
template <typename T>
const T* find_of_kind(const DescriptorPool::Tables& tables, std::string_view full_name, Symbol::Kind kind) {
  const Symbol* symbol = tables.symbols.find(full_name);
  return symbol != nullptr && symbol->kind == kind ? static_cast<const T*>(symbol->descriptor) : nullptr;
}
}  // namespace

const FileDescriptor* DescriptorPool::find_file(std::string_view name) const {
  auto found = tables_->files_by_name.find(name);
  return found == tables_->files_by_name.end() ? nullptr : found->second;
}
const FileDescriptor* DescriptorPool::find_file_containing(std::string_view full_name) const {
  const Symbol* symbol = tables_->symbols.find(full_name);
  return symbol == nullptr ? nullptr : symbol->file;
}
const MessageDescriptor* DescriptorPool::find_message(std::string_view full_name) const {
  return find_of_kind<MessageDescriptor>(*tables_, full_name, Symbol::Kind::kMessage);
}
const EnumDescriptor* DescriptorPool::find_enum(std::string_view full_name) const {
  return find_of_kind<EnumDescriptor>(*tables_, full_name, Symbol::Kind::kEnum);
}
const EnumValueDescriptor* DescriptorPool::find_enum_value(std::string_view full_name) const {
  return find_of_kind<EnumValueDescriptor>(*tables_, full_name, Symbol::Kind::kEnumValue);
}
const FieldDescriptor* DescriptorPool::find_field(std::string_view full_name) const {
  const auto* field = find_of_kind<FieldDescriptor>(*tables_, full_name, Symbol::Kind::kField);
  return field != nullptr && !field->is_extension() ? field : nullptr;
}
const OneofDescriptor* DescriptorPool::find_oneof(std::string_view full_name) const {
  return find_of_kind<OneofDescriptor>(*tables_, full_name, Symbol::Kind::kOneof);
}
const ServiceDescriptor* DescriptorPool::find_service(std::string_view full_name) const {
  return find_of_kind<ServiceDescriptor>(*tables_, full_name, Symbol::Kind::kService);
}
const MethodDescriptor* DescriptorPool::find_method(std::string_view full_name) const {
  return find_of_kind<MethodDescriptor>(*tables_, full_name, Symbol::Kind::kMethod);
}
const FieldDescriptor* DescriptorPool::find_extension(std::string_view full_name) const {
  const auto* field = find_of_kind<FieldDescriptor>(*tables_, full_name, Symbol::Kind::kField);
  return field != nullptr && field->is_extension() ? field : nullptr;
}
const FieldDescriptor* DescriptorPool::find_extension(const MessageDescriptor& extendee, std::int32_t number) const {
  auto found = tables_->extensions.find({&extendee, number});
  return found == tables_->extensions.end() ? nullptr : found->second;
}

std::vector<const FieldDescriptor*> DescriptorPool::extensions_of(const MessageDescriptor& extendee) const {
  std::vector<const FieldDescriptor*> out;
  for (const auto& [key, field] : tables_->extensions) {
    if (key.extendee == &extendee) out.push_back(field);
  }
  auto order = [](const FieldDescriptor* f) { return std::pair(f->file().index_in_pool(), f->number()); };
  std::sort(out.begin(), out.end(), [&](const auto* a, const auto* b) { return order(a) < order(b); });
  return out;
}

std::span<const FileDescriptor* const> DescriptorPool::files() const { return tables_->files; }

}  // namespace godwit::proto

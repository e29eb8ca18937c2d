#include "godwit/proto/schema/descriptor.h"

#include <algorithm>

#include "godwit/proto/schema/linker.h"

namespace godwit::proto {

ValueType value_type_of(FieldType type) {
  switch (type) {
    case FieldType::kInt32:
    case FieldType::kSint32:
    case FieldType::kSfixed32: return ValueType::kInt32;
    case FieldType::kInt64:
    case FieldType::kSint64:
    case FieldType::kSfixed64: return ValueType::kInt64;
    case FieldType::kUint32:
    case FieldType::kFixed32: return ValueType::kUint32;
    case FieldType::kUint64:
    case FieldType::kFixed64: return ValueType::kUint64;
    case FieldType::kDouble: return ValueType::kDouble;
    case FieldType::kFloat: return ValueType::kFloat;
    case FieldType::kBool: return ValueType::kBool;
    case FieldType::kEnum: return ValueType::kEnum;
    case FieldType::kString: return ValueType::kString;
    case FieldType::kBytes: return ValueType::kBytes;
    case FieldType::kGroup:
    case FieldType::kMessage: return ValueType::kMessage;
  }
  return ValueType::kInt32;
}

std::string_view field_type_name(FieldType type) {
  static constexpr std::string_view kNames[] = {"",       "double", "float", "int64",   "uint64", "int32",  "fixed64",  "fixed32",  "bool",  "string",
                                                "group",  "message", "bytes", "uint32", "enum",   "sfixed32", "sfixed64", "sint32", "sint64"};
  auto i = static_cast<std::size_t>(type);
  return i < std::size(kNames) ? kNames[i] : "";
}

const Features& Features::of_proto2() {
  static constexpr Features kFeatures = {FieldPresence::kExplicit,  EnumKind::kClosed,
                                         RepeatedEncoding::kExpanded, Utf8Validation::kNone,
                                         MessageEncoding::kLengthPrefixed, JsonFormat::kLegacyBestEffort};
  return kFeatures;
}

const Features& Features::of_proto3() {
  static constexpr Features kFeatures = {FieldPresence::kImplicit,  EnumKind::kOpen,
                                         RepeatedEncoding::kPacked, Utf8Validation::kVerify,
                                         MessageEncoding::kLengthPrefixed, JsonFormat::kAllow};
  return kFeatures;
}

const Features& FileDescriptor::features() const {
  return syntax_ == Syntax::kProto3 ? Features::of_proto3() : Features::of_proto2();
}

const google::protobuf::FileOptions& FileDescriptor::options() const { return proto_->options(); }
const google::protobuf::MessageOptions& MessageDescriptor::options() const { return proto_->options(); }
const google::protobuf::OneofOptions& OneofDescriptor::options() const { return proto_->options(); }
const google::protobuf::FieldOptions& FieldDescriptor::options() const { return proto_->options(); }
const google::protobuf::EnumOptions& EnumDescriptor::options() const { return proto_->options(); }
const google::protobuf::EnumValueOptions& EnumValueDescriptor::options() const { return proto_->options(); }
const google::protobuf::ServiceOptions& ServiceDescriptor::options() const { return proto_->options(); }
const google::protobuf::MethodOptions& MethodDescriptor::options() const { return proto_->options(); }

namespace {

template <typename T>
const T* find_child(const FileDescriptor& file, std::string_view scope, std::string_view name, Symbol::Kind kind) {
  const Symbol* symbol = const_cast<DescriptorPool&>(file.pool()).tables().symbols.find(scope, name);
  return symbol != nullptr && symbol->kind == kind ? static_cast<const T*>(symbol->descriptor) : nullptr;
}

bool in_any(std::span<const NumberRange> ranges, std::int32_t number) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const NumberRange& r) { return r.contains(number); });
}

template <typename T>
bool is_among(const T& names, std::string_view name) {
  for (std::string_view n : names) {
    if (n == name) return true;
  }
  return false;
}

}  // namespace

const FieldDescriptor* MessageDescriptor::find_field(std::int32_t number) const {
  if (number >= 1 && static_cast<std::uint32_t>(number) <= sequential_) return &fields_[number - 1];
  if (by_number_ == nullptr) return nullptr;
  const std::uint32_t* end = by_number_ + field_count_;
  const std::uint32_t* found = std::lower_bound(by_number_, end, number, [&](std::uint32_t i, std::int32_t n) { return fields_[i].number() < n; });
  return found != end && fields_[*found].number() == number ? &fields_[*found] : nullptr;
}

const FieldDescriptor* MessageDescriptor::find_field(std::string_view name) const {
  const auto* field = find_child<FieldDescriptor>(*file_, full_name_, name, Symbol::Kind::kField);
  return field != nullptr && !field->is_extension() ? field : nullptr;
}
const FieldDescriptor* MessageDescriptor::find_field_by_json_name(std::string_view json_name) const {
  for (const FieldDescriptor& f : fields()) {
    if (f.json_name() == json_name) return &f;
  }
  return nullptr;
}
const OneofDescriptor* MessageDescriptor::find_oneof(std::string_view name) const {
  return find_child<OneofDescriptor>(*file_, full_name_, name, Symbol::Kind::kOneof);
}
const MessageDescriptor* MessageDescriptor::find_message(std::string_view name) const {
  return find_child<MessageDescriptor>(*file_, full_name_, name, Symbol::Kind::kMessage);
}
const EnumDescriptor* MessageDescriptor::find_enum(std::string_view name) const {
  return find_child<EnumDescriptor>(*file_, full_name_, name, Symbol::Kind::kEnum);
}
bool MessageDescriptor::is_extension_number(std::int32_t number) const { return in_any(extension_ranges_, number); }
bool MessageDescriptor::is_reserved_number(std::int32_t number) const { return in_any(reserved_ranges_, number); }
bool MessageDescriptor::is_reserved_name(std::string_view name) const { return is_among(proto_->reserved_name(), name); }

const EnumValueDescriptor* EnumDescriptor::find_value(std::int32_t number) const {
  const std::uint32_t* end = by_number_ + value_count_;
  const std::uint32_t* found = std::lower_bound(by_number_, end, number, [&](std::uint32_t i, std::int32_t n) { return values_[i].number() < n; });
  return found != end && values_[*found].number() == number ? &values_[*found] : nullptr;
}
const EnumValueDescriptor* EnumDescriptor::find_value(std::string_view name) const {
  std::string_view scope = containing_type_ != nullptr ? containing_type_->full_name() : file_->package();
  const auto* value = find_child<EnumValueDescriptor>(*file_, scope, name, Symbol::Kind::kEnumValue);
  return value != nullptr && &value->type() == this ? value : nullptr;
}
bool EnumDescriptor::is_reserved_number(std::int32_t number) const { return in_any(reserved_ranges_, number); }
bool EnumDescriptor::is_reserved_name(std::string_view name) const { return is_among(proto_->reserved_name(), name); }

const MethodDescriptor* ServiceDescriptor::find_method(std::string_view name) const {
  return find_child<MethodDescriptor>(*file_, full_name_, name, Symbol::Kind::kMethod);
}

// Paths.

std::vector<std::int32_t> MessageDescriptor::path() const {
  if (containing_type_ == nullptr) return {path::kFileMessage, index()};
  std::vector<std::int32_t> p = containing_type_->path();
  p.insert(p.end(), {path::kMessageNested, index()});
  return p;
}
std::vector<std::int32_t> OneofDescriptor::path() const {
  std::vector<std::int32_t> p = containing_type_->path();
  p.insert(p.end(), {path::kMessageOneof, index()});
  return p;
}
std::vector<std::int32_t> FieldDescriptor::path() const {
  if (is_extension_ && extension_scope_ == nullptr) return {path::kFileExtension, index()};
  std::vector<std::int32_t> p = (is_extension_ ? extension_scope_ : containing_type_)->path();
  p.insert(p.end(), {is_extension_ ? path::kMessageExtension : path::kMessageField, index()});
  return p;
}
std::vector<std::int32_t> EnumDescriptor::path() const {
  if (containing_type_ == nullptr) return {path::kFileEnum, index()};
  std::vector<std::int32_t> p = containing_type_->path();
  p.insert(p.end(), {path::kMessageEnum, index()});
  return p;
}
std::vector<std::int32_t> EnumValueDescriptor::path() const {
  std::vector<std::int32_t> p = type_->path();
  p.insert(p.end(), {path::kEnumValue, index()});
  return p;
}
std::vector<std::int32_t> ServiceDescriptor::path() const { return {path::kFileService, index()}; }
std::vector<std::int32_t> MethodDescriptor::path() const {
  return {path::kFileService, service_->index(), path::kServiceMethod, index()};
}

// Comments and locations.

int FileDescriptor::find_location(std::span<const std::int32_t> path) const {
  const auto& info = proto_->source_code_info();
  int count = info.location_size();
  if (count == 0) return -1;
  auto less = [](std::span<const std::int32_t> a, std::span<const std::int32_t> b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  };
  const std::int32_t* index = nullptr;
  {
    DescriptorPool::Tables& tables = const_cast<DescriptorPool*>(pool_)->tables();
    std::lock_guard lock(tables.lazy);
    if (location_index_ == nullptr) {
      auto* order = static_cast<std::int32_t*>(tables.arena.allocate(sizeof(std::int32_t) * static_cast<std::size_t>(count), alignof(std::int32_t)));
      for (int i = 0; i < count; ++i) order[i] = i;
      std::sort(order, order + count, [&](int a, int b) {
        if (less(info.location(a).path(), info.location(b).path())) return true;
        return a < b && !less(info.location(b).path(), info.location(a).path());
      });
      location_index_ = order;
    }
    index = location_index_;
  }
  const std::int32_t* found = std::lower_bound(index, index + count, path, [&](int i, std::span<const std::int32_t> p) { return less(info.location(i).path(), p); });
  if (found == index + count || less(path, info.location(*found).path())) return -1;
  return *found;
}

Comments FileDescriptor::comments_at(std::span<const std::int32_t> path) const {
  Comments out;
  int i = find_location(path);
  if (i < 0) return out;
  const auto& location = proto_->source_code_info().location(i);
  out.leading = location.leading_comments();
  out.trailing = location.trailing_comments();
  for (std::string_view text : location.leading_detached_comments()) out.detached.push_back(text);
  return out;
}

SourceLocation FileDescriptor::location_at(std::span<const std::int32_t> path) const {
  int i = find_location(path);
  if (i < 0) return {};
  auto span = proto_->source_code_info().location(i).span();
  if (span.size() == 3) return {span[0], span[1], span[0], span[2]};
  if (span.size() == 4) return {span[0], span[1], span[2], span[3]};
  return {};
}

Comments FileDescriptor::syntax_comments() const { return comments_at(std::vector<std::int32_t>{12}); }
Comments FileDescriptor::package_comments() const { return comments_at(std::vector<std::int32_t>{path::kFilePackage}); }

Comments MessageDescriptor::comments() const { return file().comments_at(path()); }
Comments OneofDescriptor::comments() const { return file().comments_at(path()); }
Comments FieldDescriptor::comments() const { return file().comments_at(path()); }
Comments EnumDescriptor::comments() const { return file().comments_at(path()); }
Comments EnumValueDescriptor::comments() const { return type().file().comments_at(path()); }
Comments ServiceDescriptor::comments() const { return file().comments_at(path()); }
Comments MethodDescriptor::comments() const { return service().file().comments_at(path()); }
SourceLocation MessageDescriptor::location() const { return file().location_at(path()); }
SourceLocation OneofDescriptor::location() const { return file().location_at(path()); }
SourceLocation FieldDescriptor::location() const { return file().location_at(path()); }
SourceLocation EnumDescriptor::location() const { return file().location_at(path()); }
SourceLocation EnumValueDescriptor::location() const { return type().file().location_at(path()); }
SourceLocation ServiceDescriptor::location() const { return file().location_at(path()); }
SourceLocation MethodDescriptor::location() const { return service().file().location_at(path()); }

}  // namespace godwit::proto

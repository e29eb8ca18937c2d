#include "godwit/compiler/descriptor/retention.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "godwit/base/assert.h"
#include "godwit/compiler/options/wire_writer.h"

namespace godwit::compiler {
namespace {

using google::protobuf::FieldOptions;
using proto::FieldDescriptor;
using proto::MessageDescriptor;
using proto::WireType;
using Path = std::vector<std::int32_t>;

bool get_varint(std::string_view& in, std::uint64_t& v) {
  v = 0;
  for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
    auto b = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    v |= std::uint64_t{b & 0x7Fu} << shift;
    if (b < 0x80) return true;
  }
  return false;
}

class Stripper {
 public:
  explicit Stripper(const proto::DescriptorPool& pool) : pool_(pool) {}

  // Whether messages of this type can hold anything to be taken out.
  bool concerns(const MessageDescriptor& type) {
    auto [entry, added] = concerned_.emplace(&type, false);
    if (!added) return entry->second;
    bool found = false;
    auto look = [&](const FieldDescriptor& f) {
      found = found || f.options().retention() == FieldOptions::RETENTION_SOURCE || (f.message_type() != nullptr && concerns(*f.message_type()));
    };
    for (const FieldDescriptor& f : type.fields()) look(f);
    if (!type.extension_ranges().empty()) {
      for (const FieldDescriptor* f : pool_.extensions_of(type)) look(*f);
    }
    return concerned_[&type] = found;
  }

  // The bytes without what goes; `path` leads to this message, and the paths of what goes are added to `gone`.
  std::string strip(std::string_view in, const MessageDescriptor& type, Path& path, std::vector<Path>& gone) {
    std::string out;
    while (!in.empty()) {
      std::string_view start = in;
      std::uint64_t tag = 0, v = 0;
      if (!get_varint(in, tag)) break;
      auto number = static_cast<std::int32_t>(tag >> 3);
      auto wire = static_cast<WireType>(tag & 7);
      std::string_view body;
      switch (wire) {
        case WireType::kVarint:
          if (!get_varint(in, v)) return out;
          break;
        case WireType::kLengthDelimited:
          if (!get_varint(in, v) || v > in.size()) return out;
          body = in.substr(0, v);
          in.remove_prefix(v);
          break;
        case WireType::kFixed64: in.remove_prefix(std::min<std::size_t>(8, in.size())); break;
        case WireType::kFixed32: in.remove_prefix(std::min<std::size_t>(4, in.size())); break;
        default: break;  // tags of groups: their content follows as if it stood here, and stays
      }
      const FieldDescriptor* field = type.find_field(number);
      if (field == nullptr) field = pool_.find_extension(type, number);
      path.push_back(number);
      if (field != nullptr && field->options().retention() == FieldOptions::RETENTION_SOURCE) {
        gone.push_back(path);
      } else if (field != nullptr && wire == WireType::kLengthDelimited && field->message_type() != nullptr && concerns(*field->message_type())) {
        std::string inner = strip(body, *field->message_type(), path, gone);
        put_tag(number, wire, out);
        put_bytes(inner, out);
      } else {
        out += start.substr(0, start.size() - in.size());
      }
      path.pop_back();
    }
    return out;
  }

 private:
  const proto::DescriptorPool& pool_;
  std::unordered_map<const MessageDescriptor*, bool> concerned_;
};

class FileStripper {
 public:
  FileStripper(const proto::FileDescriptor& linked, google::protobuf::FileDescriptorProto& file) : pool_(linked.pool()), stripper_(pool_), file_(file) {}

  void run() {
    options(file_, 8);
    for (int i = 0; i < file_.message_type_size(); ++i) within(4, i, [&] { message(*file_.mutable_message_type(i)); });
    for (int i = 0; i < file_.enum_type_size(); ++i) within(5, i, [&] { enumeration(*file_.mutable_enum_type(i)); });
    for (int i = 0; i < file_.extension_size(); ++i) within(7, i, [&] { options(*file_.mutable_extension(i), 8); });
    for (int i = 0; i < file_.service_size(); ++i) {
      within(6, i, [&] {
        auto& s = *file_.mutable_service(i);
        options(s, 3);
        for (int k = 0; k < s.method_size(); ++k) within(2, k, [&] { options(*s.mutable_method(k), 4); });
      });
    }
    if (!gone_.empty() && file_.has_source_code_info()) strip_locations();
  }

 private:
  template <typename Body>
  void within(std::int32_t field, int index, Body&& body) {
    path_.push_back(field);
    path_.push_back(index);
    body();
    path_.resize(path_.size() - 2);
  }

  void message(google::protobuf::DescriptorProto& m) {
    options(m, 7);
    for (int i = 0; i < m.field_size(); ++i) within(2, i, [&] { options(*m.mutable_field(i), 8); });
    for (int i = 0; i < m.nested_type_size(); ++i) within(3, i, [&] { message(*m.mutable_nested_type(i)); });
    for (int i = 0; i < m.enum_type_size(); ++i) within(4, i, [&] { enumeration(*m.mutable_enum_type(i)); });
    for (int i = 0; i < m.extension_range_size(); ++i) within(5, i, [&] { options(*m.mutable_extension_range(i), 3); });
    for (int i = 0; i < m.extension_size(); ++i) within(6, i, [&] { options(*m.mutable_extension(i), 8); });
    for (int i = 0; i < m.oneof_decl_size(); ++i) within(8, i, [&] { options(*m.mutable_oneof_decl(i), 2); });
  }
  void enumeration(google::protobuf::EnumDescriptorProto& e) {
    options(e, 3);
    for (int i = 0; i < e.value_size(); ++i) within(2, i, [&] { options(*e.mutable_value(i), 3); });
  }

  template <typename Element>
  void options(Element& element, std::int32_t field) {
    if (!element.has_options()) return;
    auto& message = *element.mutable_options();
    using Options = std::remove_reference_t<decltype(message)>;
    const MessageDescriptor* type = pool_.find_message(Options::full_name());
    if (type == nullptr) type = &Options::descriptor();
    if (!stripper_.concerns(*type)) return;
    path_.push_back(field);
    std::size_t before = gone_.size();
    std::string stripped = stripper_.strip(message.SerializeAsString(), *type, path_, gone_);
    path_.pop_back();
    if (gone_.size() == before) return;
    // These bytes are a part of what was parsed before.
    GODWIT_ASSERT(message.ParseFromString(stripped));
    if (!stripped.empty()) return;
    element.clear_options();
    gone_.push_back(path_);
    gone_.back().push_back(field);
  }

  void strip_locations() {
    std::sort(gone_.begin(), gone_.end());
    google::protobuf::SourceCodeInfo kept;
    for (const auto& location : file_.source_code_info().location()) {
      auto p = location.path();
      bool drop = std::any_of(gone_.begin(), gone_.end(), [&](const Path& g) { return g.size() <= p.size() && std::equal(g.begin(), g.end(), p.begin()); });
      if (!drop) kept.add_location()->CopyFrom(location);
    }
    file_.mutable_source_code_info()->CopyFrom(kept);
  }

  const proto::DescriptorPool& pool_;
  Stripper stripper_;
  google::protobuf::FileDescriptorProto& file_;
  Path path_;
  std::vector<Path> gone_;
};

}  // namespace

bool has_range_options(const proto::FileDescriptor& linked) {
  auto look = [](auto&& self, const google::protobuf::DescriptorProto& m) -> bool {
    for (const auto& range : m.extension_range()) {
      if (range.has_options()) return true;
    }
    for (const auto& nested : m.nested_type()) {
      if (self(self, nested)) return true;
    }
    return false;
  };
  for (const auto& m : linked.proto().message_type()) {
    if (look(look, m)) return true;
  }
  return false;
}

bool has_source_options(const proto::DescriptorPool& pool) {
  Stripper stripper(pool);
  auto concerns = [&]<typename Options>(const Options*) {
    const MessageDescriptor* type = pool.find_message(Options::full_name());
    return stripper.concerns(type != nullptr ? *type : Options::descriptor());
  };
  using namespace google::protobuf;
  return concerns(static_cast<const FileOptions*>(nullptr)) || concerns(static_cast<const MessageOptions*>(nullptr)) ||
         concerns(static_cast<const FieldOptions*>(nullptr)) || concerns(static_cast<const OneofOptions*>(nullptr)) ||
         concerns(static_cast<const EnumOptions*>(nullptr)) || concerns(static_cast<const EnumValueOptions*>(nullptr)) ||
         concerns(static_cast<const ServiceOptions*>(nullptr)) || concerns(static_cast<const MethodOptions*>(nullptr));
}

void strip_source_options(const proto::FileDescriptor& linked, google::protobuf::FileDescriptorProto& file) {
  FileStripper(linked, file).run();
}

}  // namespace godwit::compiler

#pragma once

#include <string>

#include "godwit/base/assert.h"
#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"
#include "godwit/proto/message/dynamic_message.h"
#include "godwit/proto/schema/pool.h"

namespace godwit::proto {

// test.All in proto3 or proto2: each scalar type in each form, and messages. Numbers: a scalar of type t is t (implicit in
// proto3), 20 + t optional, 40 + t in a oneof, 60 + t repeated and packed where that is possible, 80 + t repeated and not
// packed, 100 + t and 120 + t maps of that key and of that value. 1000 is the message itself, 1001 a list, 1002 in the
// oneof, 1003 a map.
class AllTypes {
 public:
  using FieldDescriptorProto = google::protobuf::FieldDescriptorProto;
  explicit AllTypes(bool proto3) {
    google::protobuf::FileDescriptorProto file;
    file.set_name("test.proto");
    file.set_package("test");
    if (proto3) file.set_syntax("proto3");
    auto* color = file.add_enum_type();
    color->set_name("Color");
    int next = 0;
    for (const char* name : {"RED", "GREEN", "BLUE"}) {
      auto* value = color->add_value();
      value->set_name(name);
      value->set_number(next++);
    }
    auto* all = file.add_message_type();
    all->set_name("All");
    all->add_oneof_decl()->set_name("choice");
    const auto add = [&](const std::string& name, int number, FieldDescriptorProto::Type type, bool repeated) {
      FieldDescriptorProto* f = all->add_field();
      f->set_name(name);
      f->set_number(number);
      f->set_type(type);
      f->set_label(repeated ? FieldDescriptorProto::LABEL_REPEATED : FieldDescriptorProto::LABEL_OPTIONAL);
      if (type == FieldDescriptorProto::TYPE_ENUM) f->set_type_name(".test.Color");
      if (type == FieldDescriptorProto::TYPE_MESSAGE) f->set_type_name(".test.All");
      return f;
    };
    const auto add_map = [&](const std::string& name, int number, FieldDescriptorProto::Type key, FieldDescriptorProto::Type value) {
      auto* entry = all->add_nested_type();
      std::string entry_name = name + "Entry";
      entry_name[0] = static_cast<char>(entry_name[0] - 'a' + 'A');
      entry->set_name(entry_name);
      entry->mutable_options()->set_map_entry(true);
      for (int i = 1; i <= 2; i++) {
        FieldDescriptorProto* f = entry->add_field();
        f->set_name(i == 1 ? "key" : "value");
        f->set_number(i);
        f->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
        f->set_type(i == 1 ? key : value);
        if (f->type() == FieldDescriptorProto::TYPE_ENUM) f->set_type_name(".test.Color");
        if (f->type() == FieldDescriptorProto::TYPE_MESSAGE) f->set_type_name(".test.All");
      }
      FieldDescriptorProto* f = add(name, number, FieldDescriptorProto::TYPE_MESSAGE, true);
      f->set_type_name(".test.All." + entry_name);
    };
    int synthetic = 1;
    for (const auto& [type, name] : kScalars) {
      const std::string n = name;
      const bool text = type == FieldDescriptorProto::TYPE_STRING || type == FieldDescriptorProto::TYPE_BYTES;
      const bool floating = type == FieldDescriptorProto::TYPE_DOUBLE || type == FieldDescriptorProto::TYPE_FLOAT;
      add("f_" + n, type, type, false);
      FieldDescriptorProto* optional = add("o_" + n, 20 + type, type, false);
      if (proto3) {
        optional->set_proto3_optional(true);
        optional->set_oneof_index(synthetic++);
        all->add_oneof_decl()->set_name("_o_" + n);
      }
      FieldDescriptorProto* packed = add("p_" + n, 60 + type, type, true);
      FieldDescriptorProto* plain = add("r_" + n, 80 + type, type, true);
      if (!text) packed->mutable_options()->set_packed(true);
      if (!text) plain->mutable_options()->set_packed(false);
      if (!floating && type != FieldDescriptorProto::TYPE_BYTES && type != FieldDescriptorProto::TYPE_ENUM) {
        add_map("k" + n, 100 + type, type, FieldDescriptorProto::TYPE_STRING);
      }
      add_map("v" + n, 120 + type, FieldDescriptorProto::TYPE_INT32, type);
    }
    add("m", 1000, FieldDescriptorProto::TYPE_MESSAGE, false);
    add("rm", 1001, FieldDescriptorProto::TYPE_MESSAGE, true);
    for (const auto& [type, name] : kScalars) add(std::string("c_") + name, 40 + type, type, false)->set_oneof_index(0);
    add("cm", 1002, FieldDescriptorProto::TYPE_MESSAGE, false)->set_oneof_index(0);
    add_map("vm", 1003, FieldDescriptorProto::TYPE_STRING, FieldDescriptorProto::TYPE_MESSAGE);
    GODWIT_ASSERT(pool_.add(file).ok());
    const auto built = types_.table(*pool_.find_message("test.All"));
    GODWIT_ASSERT(built.ok());
    table = *built;
  }
  const MessageTable* table;

 private:
  struct Scalar {
    FieldDescriptorProto::Type type;
    const char* name;
  };
  static constexpr Scalar kScalars[] = {
      {FieldDescriptorProto::TYPE_DOUBLE, "double"},
      {FieldDescriptorProto::TYPE_FLOAT, "float"},
      {FieldDescriptorProto::TYPE_INT64, "int64"},
      {FieldDescriptorProto::TYPE_UINT64, "uint64"},
      {FieldDescriptorProto::TYPE_INT32, "int32"},
      {FieldDescriptorProto::TYPE_FIXED64, "fixed64"},
      {FieldDescriptorProto::TYPE_FIXED32, "fixed32"},
      {FieldDescriptorProto::TYPE_BOOL, "bool"},
      {FieldDescriptorProto::TYPE_STRING, "string"},
      {FieldDescriptorProto::TYPE_BYTES, "bytes"},
      {FieldDescriptorProto::TYPE_UINT32, "uint32"},
      {FieldDescriptorProto::TYPE_ENUM, "enum"},
      {FieldDescriptorProto::TYPE_SFIXED32, "sfixed32"},
      {FieldDescriptorProto::TYPE_SFIXED64, "sfixed64"},
      {FieldDescriptorProto::TYPE_SINT32, "sint32"},
      {FieldDescriptorProto::TYPE_SINT64, "sint64"},
  };
  DescriptorPool pool_;
  DynamicTypes types_;
};

}  // namespace godwit::proto

#pragma once

#include "godwit/compiler/codegen/cpp/model.h"
#include "godwit/compiler/codegen/cpp/printer.h"

namespace godwit::compiler::cpp {

// The constants behind an enum, and behind a message's class: its table and its default instance. The code expects
// `namespace godwit_ = ::godwit::proto`.
void print_enum_table(const proto::EnumDescriptor& type, Printer& out);
void print_message_table(const MessageModel& message, const std::string& file_constant, Printer& out);

}  // namespace godwit::compiler::cpp

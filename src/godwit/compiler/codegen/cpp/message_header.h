#pragma once

#include "godwit/compiler/codegen/cpp/model.h"
#include "godwit/compiler/codegen/cpp/printer.h"

namespace godwit::compiler::cpp {

// The class of a message.
void print_class(const MessageModel& message, Printer& out);

// An enum with its functions.
void print_enum(const proto::EnumDescriptor& type, Printer& out);

}  // namespace godwit::compiler::cpp

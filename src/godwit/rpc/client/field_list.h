#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <vector>

#include "godwit/http/field.h"

namespace godwit::rpc {

// The fields of one request: on the stack while there are few.
class FieldList {
 public:
  FieldList() = default;
  FieldList(const FieldList&) = delete;
  FieldList& operator=(const FieldList&) = delete;

  void add(const http::Field& field) {
    if (size_ < kInline) {
      ::new (memory_ + size_ * sizeof(http::Field)) http::Field(field);
    } else {
      if (size_ == kInline) more_.assign(inline_fields(), inline_fields() + kInline);
      more_.push_back(field);
    }
    ++size_;
  }
  std::span<const http::Field> fields() const {
    if (size_ > kInline) return more_;
    return {inline_fields(), size_};
  }

 private:
  static constexpr std::size_t kInline = 16;
  const http::Field* inline_fields() const { return std::launder(reinterpret_cast<const http::Field*>(memory_)); }

  std::size_t size_ = 0;
  std::vector<http::Field> more_;
  alignas(http::Field) unsigned char memory_[kInline * sizeof(http::Field)];
};

}  // namespace godwit::rpc

#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "godwit/compiler/parser/ast.h"
#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"

namespace godwit::compiler {

// Writes SourceCodeInfo: for every element its path, its place and its comments, entry by entry as protoc does.
class SourceInfoWriter {
 public:
  // With a null `info` nothing is written and every call is cheap.
  SourceInfoWriter(const ast::File& file, google::protobuf::SourceCodeInfo* info);

  // An entry for the current path followed by `tail`. With `declaration`, the comments of its end belong to it.
  // Returns the entry's index, -1 when nothing is written.
  std::int32_t add(std::initializer_list<std::int32_t> tail, ast::Range at, const ast::Decl* declaration = nullptr);

  // The path of the element that is being built. Extended while a Scope lives.
  class Scope {
   public:
    Scope(SourceInfoWriter& writer, std::initializer_list<std::int32_t> tail) : writer_(writer), size_(writer.path_.size()) {
      writer.path_.insert(writer.path_.end(), tail);
    }
    // Leaves the element at hand for a sibling of it.
    Scope(SourceInfoWriter& writer, std::int32_t field, std::int32_t index) : writer_(writer), size_(writer.path_.size()), left_(writer.path_) {
      writer.path_.resize(size_ - 2);
      writer.path_.push_back(field);
      writer.path_.push_back(index);
    }
    // Back to what such a scope has left.
    Scope(SourceInfoWriter& writer, const Scope& sibling) : writer_(writer), size_(writer.path_.size()), left_(writer.path_) { writer.path_ = sibling.left_; }
    ~Scope() {
      if (left_.empty()) {
        writer_.path_.resize(size_);
      } else {
        writer_.path_ = left_;
      }
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    SourceInfoWriter& writer_;
    std::size_t size_;
    std::vector<std::int32_t> left_;
  };

 private:
  struct Comments {
    std::string leading, trailing;
    std::vector<std::string> detached;
  };
  void gather_comments();

  const ast::File& file_;
  google::protobuf::SourceCodeInfo* info_;
  std::vector<std::int32_t> path_;
  std::unordered_map<TokenIndex, Comments> comments_;  // by the token that ends a declaration
};

}  // namespace godwit::compiler

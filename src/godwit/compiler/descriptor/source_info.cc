#include "godwit/compiler/descriptor/source_info.h"

#include "godwit/compiler/lexer/comments.h"

namespace godwit::compiler {

SourceInfoWriter::SourceInfoWriter(const ast::File& file, google::protobuf::SourceCodeInfo* info) : file_(file), info_(info) {
  if (info_ != nullptr) gather_comments();
}

// Leading comments of a declaration stand in front of it, but which declaration that is shows only at its end: so they
// wait until a declaration ends.
void SourceInfoWriter::gather_comments() {
  CommentsBetween head = comments_after(file_.tokens, kNoToken);
  std::string waiting_leading = std::move(head.leading);
  std::vector<std::string> waiting_detached = std::move(head.detached);
  for (const ast::File::End& end : file_.ends) {
    CommentsBetween c = comments_after(file_.tokens, end.token);
    std::swap(waiting_leading, c.leading);  // c.leading is now what stood in front
    if (end.is_declaration) {
      std::swap(waiting_detached, c.detached);
      if (!c.leading.empty() || !c.trailing.empty() || !c.detached.empty()) {
        comments_.emplace(end.token, Comments{std::move(c.leading), std::move(c.trailing), std::move(c.detached)});
      }
    } else if (file_.tokens.text(end.token) == "}") {
      std::swap(waiting_detached, c.detached);
    } else {
      waiting_detached.insert(waiting_detached.end(), c.detached.begin(), c.detached.end());
    }
  }
}

std::int32_t SourceInfoWriter::add(std::initializer_list<std::int32_t> tail, ast::Range at, const ast::Decl* declaration) {
  if (info_ == nullptr) return -1;
  auto* location = info_->add_location();
  auto path = location->mutable_path();
  path->Reserve(static_cast<int>(path_.size() + tail.size()));
  for (std::int32_t p : path_) path->Add(p);
  for (std::int32_t p : tail) path->Add(p);
  SourceSpan span = file_.span(at);
  auto out = location->mutable_span();
  out->Reserve(4);
  out->Add(static_cast<std::int32_t>(span.begin.line));
  out->Add(static_cast<std::int32_t>(span.begin.column));
  if (span.end.line != span.begin.line) out->Add(static_cast<std::int32_t>(span.end.line));
  out->Add(static_cast<std::int32_t>(span.end.column));
  if (declaration != nullptr && declaration->end != kNoToken) {
    auto found = comments_.find(declaration->end);
    if (found != comments_.end()) {
      const Comments& c = found->second;
      if (!c.leading.empty()) location->set_leading_comments(c.leading);
      if (!c.trailing.empty()) location->set_trailing_comments(c.trailing);
      for (const std::string& text : c.detached) location->add_leading_detached_comments(text);
    }
  }
  return info_->location_size() - 1;
}

}  // namespace godwit::compiler

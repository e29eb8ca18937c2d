#include "wire.h"

#include <cstring>
#include <utility>

#include "godwit/base/arena.h"
#include "godwit/base/bytes.h"
#include "godwit/http/field.h"

namespace godwit::python {
namespace {

constexpr std::size_t kPrefix = 5;

void put_framed(std::string_view message, std::uint8_t* to) {
  to[0] = 0;
  store_be32(to + 1, static_cast<std::uint32_t>(message.size()));
  if (!message.empty()) std::memcpy(to + kPrefix, message.data(), message.size());
}

}  // namespace

Slice frame_message(std::string_view bytes) {
  BlockRef block = BlockRef::allocate(kPrefix + bytes.size());
  put_framed(bytes, block->data());
  const Bytes framed(block->data(), kPrefix + bytes.size());
  return Slice(framed, std::move(block));
}

Entries entries_of(const Metadata& metadata) {
  Entries entries;
  entries.reserve(metadata.size());
  for (const Metadata::Entry& e : metadata) entries.emplace_back(e.key, e.value);
  return entries;
}

bool add_entry(std::string_view key, std::string_view value, Metadata& metadata) {
  const http::FieldToken token = http::token_of(key);
  switch (token) {
    case http::FieldToken::kGrpcTimeout:
    case http::FieldToken::kGrpcStatus:
    case http::FieldToken::kGrpcMessage:
    case http::FieldToken::kGrpcEncoding:
    case http::FieldToken::kGrpcAcceptEncoding:
      return true;
    default:
      return http::is_protocol_field(token) || metadata.add_reserved(key, value);
  }
}

bool add_entries(const Entries& entries, Metadata& metadata, std::string& problem) {
  for (const auto& [key, value] : entries) {
    if (!add_entry(key, value, metadata)) {
      problem = metadata.problem();
      return false;
    }
  }
  return true;
}

std::string metadata_problem(std::string_view key, std::string_view value) {
  Metadata tried;
  return add_entry(key, value, tried) ? std::string() : tried.problem();
}

void Outgoing::add(std::string_view message) {
  size_ += kPrefix + message.size();
  if (message.size() >= kLarge) {
    large_.push_back({small_.size(), frame_message(message)});
    return;
  }
  std::uint8_t prefix[kPrefix] = {};
  store_be32(prefix + 1, static_cast<std::uint32_t>(message.size()));
  small_.insert(small_.end(), prefix, prefix + kPrefix);
  small_.insert(small_.end(), message.begin(), message.end());
}

void Outgoing::clear() {
  constexpr std::size_t kKept = 16 * 1024;  // a call that sent much does not keep much
  if (small_.capacity() > kKept) {
    std::vector<std::uint8_t>().swap(small_);
  } else {
    small_.clear();
  }
  large_.clear();
  size_ = 0;
}

void Outgoing::swap(Outgoing& other) noexcept {
  small_.swap(other.small_);
  large_.swap(other.large_);
  std::swap(size_, other.size_);
}

}  // namespace godwit::python

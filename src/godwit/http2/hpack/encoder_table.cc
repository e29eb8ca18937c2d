#include "godwit/http2/hpack/encoder_table.h"

#include <algorithm>
#include <cstring>

#include "godwit/base/assert.h"

namespace godwit::http2::hpack {
namespace {

constexpr std::uint32_t kFirstSlots = 8;
constexpr std::uint32_t kFirstText = 256;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <typename T>
std::uint64_t load(const char* p) {
  T word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

}  // namespace

std::uint32_t hash_of(std::string_view text, std::uint64_t seed) {
  constexpr std::uint64_t kOne = 0x9e3779b97f4a7c15;
  constexpr std::uint64_t kTwo = 0xd1b54a32d192ed03;
  const char* p = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = seed ^ (left * kTwo);
  if (left >= 8) {
    const std::uint64_t last = load<std::uint64_t>(p + left - 8);
    for (; left > 8; left -= 8, p += 8) hash = mix(hash ^ load<std::uint64_t>(p), kOne);
    hash ^= last;
  } else if (left >= 4) {
    hash ^= load<std::uint32_t>(p) | load<std::uint32_t>(p + left - 4) << 32;
  } else if (left > 0) {
    hash ^= load<std::uint8_t>(p) | load<std::uint8_t>(p + left / 2) << 8 | load<std::uint8_t>(p + left - 1) << 16;
  }
  hash = mix(hash ^ kTwo, kOne);
  return static_cast<std::uint32_t>(hash ^ hash >> 32);
}

EncoderName::EncoderName(http::FieldToken name_token, std::string_view name_text)
    : text(name_text),
      token(name_token),
      known(name_token != http::FieldToken::kOther && name_token != http::FieldToken::kOtherPseudo &&
            name_token != http::FieldToken::kGrpcOtherReserved),
      hash(known ? (static_cast<std::uint32_t>(name_token) + 1) * 0x9e3779b1 : hash_of(name_text, 0)) {}

bool EncoderTable::same_name(const Entry& entry, const EncoderName& name) const {
  if (entry.token != name.token) return false;
  return name.known || std::string_view(text_.get() + entry.text, entry.name_size) == name.text;
}

std::uint32_t EncoderTable::find(const EncoderName& name, std::string_view value, std::uint32_t hash) const {
  if (head_ == tail_) return 0;
  const std::uint32_t mask = slots_ * 2 - 1;
  for (std::uint32_t i = 0; i < kProbes; ++i) {
    const std::uint32_t number = fields_[(hash + i) & mask];
    if (!is_live(number)) continue;
    const Entry& e = entry(number);
    if (e.hash == hash && same_name(e, name) &&
        std::string_view(text_.get() + e.text + e.name_size, e.value_size) == value) {
      return index_of(number);
    }
  }
  return 0;
}

std::uint32_t EncoderTable::find_name(const EncoderName& name) const {
  if (head_ == tail_) return 0;
  const std::uint32_t mask = slots_ * 2 - 1;
  for (std::uint32_t i = 0; i < kProbes; ++i) {
    const std::uint32_t number = names_[(name.hash + i) & mask];
    if (!is_live(number)) continue;
    const Entry& e = entry(number);
    if (e.name_hash == name.hash && same_name(e, name)) return index_of(number);
  }
  return 0;
}

void EncoderTable::enter(std::vector<std::uint32_t>& places, std::uint32_t hash, std::uint32_t number, bool by_name) {
  const std::uint32_t mask = slots_ * 2 - 1;
  std::uint32_t* best = nullptr;
  for (std::uint32_t i = 0; i < kProbes; ++i) {
    std::uint32_t& place = places[(hash + i) & mask];
    // A newer entry takes the place of one with the same key.
    if (!is_live(place) || (by_name ? entry(place).name_hash : entry(place).hash) == hash) {
      place = number;
      return;
    }
    if (best == nullptr || place - tail_ < *best - tail_) best = &place;
  }
  *best = number;
}

void EncoderTable::evict_to(std::uint32_t size) {
  while (size_ > size) {
    const Entry& e = entry(tail_++);
    size_ -= e.name_size + e.value_size + kEntryOverhead;
  }
}

void EncoderTable::set_max_size(std::uint32_t max_size) {
  max_size_ = std::min(max_size, kMaxSize);
  ++version_;
  evict_to(max_size_);
}

void EncoderTable::grow() {
  const std::uint32_t old_slots = slots_;
  std::unique_ptr<Entry[]> old = std::move(entries_);
  slots_ = std::max(old_slots * 2, kFirstSlots);
  entries_ = std::make_unique_for_overwrite<Entry[]>(slots_);
  fields_.assign(slots_ * 2, tail_ - 1);
  names_.assign(slots_ * 2, tail_ - 1);
  for (std::uint32_t i = tail_; i != head_; ++i) {
    const Entry& e = entries_[i & (slots_ - 1)] = old[i & (old_slots - 1)];
    enter(fields_, e.hash, i, false);
    enter(names_, e.name_hash, i, true);
  }
}

void EncoderTable::insert(const EncoderName& name, std::string_view value, std::uint32_t hash) {
  const auto text = static_cast<std::uint32_t>(name.text.size() + value.size());
  GODWIT_DEBUG_ASSERT(text + kEntryOverhead <= max_size_);
  evict_to(max_size_ - text - kEntryOverhead);
  if (head_ - tail_ == slots_) grow();
  if (text > text_size_ - text_head_) {
    // Back to the front; into twice the space when the live text takes half of it, so that moving stays seldom.
    const std::uint32_t from = head_ != tail_ ? entry(tail_).text : text_head_;
    const std::uint32_t live = text_head_ - from;
    std::uint32_t size = std::max(text_size_, kFirstText);
    while (size < 2 * (live + text)) size *= 2;
    if (size != text_size_) {
      auto larger = std::make_unique_for_overwrite<char[]>(size);
      if (live != 0) std::memcpy(larger.get(), text_.get() + from, live);
      text_ = std::move(larger);
      text_size_ = size;
    } else if (live != 0) {
      std::memmove(text_.get(), text_.get() + from, live);
    }
    for (std::uint32_t i = tail_; i != head_; ++i) entries_[i & (slots_ - 1)].text -= from;
    text_head_ = live;
  }
  const std::uint32_t number = head_++;
  Entry& e = entries_[number & (slots_ - 1)];
  e = {hash,
       name.hash,
       text_head_,
       static_cast<std::uint16_t>(name.text.size()),
       static_cast<std::uint16_t>(value.size()),
       name.token};
  char* at = text_.get() + text_head_;
  if (!name.text.empty()) std::memcpy(at, name.text.data(), name.text.size());
  if (!value.empty()) std::memcpy(at + name.text.size(), value.data(), value.size());
  text_head_ += text;
  size_ += text + kEntryOverhead;
  enter(fields_, hash, number, false);
  enter(names_, name.hash, number, true);
  ++version_;
}

}  // namespace godwit::http2::hpack

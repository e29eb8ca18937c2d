#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>
#include <string_view>
#include <type_traits>

#include "godwit/base/arena.h"
#include "godwit/base/assert.h"
#include "godwit/proto/message/string_field.h"

namespace godwit::proto {

// The elements of a repeated field, as they lie in a message: numbers, StringField, or pointers to messages.
struct RepeatedBase {
  void* data = nullptr;
  std::uint32_t size = 0;
  std::uint32_t capacity = 0;

  // Room for `count` elements of `element_size` bytes in all, at least doubling what is there. The new room is not zeroed.
  void reserve(std::size_t count, std::size_t element_size, Arena& arena) {
    if (count > capacity) grow(count, element_size, arena);
  }
  void grow(std::size_t count, std::size_t element_size, Arena& arena);
};

template <typename T>
struct RepeatedField : RepeatedBase {
  T* begin() const { return static_cast<T*>(data); }
  std::span<const T> view() const { return {begin(), size}; }
  T& at(std::size_t i) const {
    GODWIT_DEBUG_ASSERT(i < size);
    return begin()[i];
  }
  T& add(T value, Arena& arena) {
    if (size == capacity) grow(std::size_t{size} + 1, sizeof(T), arena);
    return begin()[size++] = value;
  }
};

// Walks any container that has operator[] by index.
template <typename View>
class IndexIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using iterator_concept = std::random_access_iterator_tag;
  using difference_type = std::ptrdiff_t;
  using reference = decltype(std::declval<const View&>()[0]);
  using value_type = std::remove_cvref_t<reference>;
  using pointer = std::remove_reference_t<reference>*;

  IndexIterator() : view_() {}
  IndexIterator(View view, std::ptrdiff_t index) : view_(view), index_(index) {}
  reference operator*() const { return view_[static_cast<std::size_t>(index_)]; }
  pointer operator->() const requires std::is_reference_v<reference> { return &**this; }
  reference operator[](difference_type n) const { return view_[static_cast<std::size_t>(index_ + n)]; }
  IndexIterator& operator++() { return ++index_, *this; }
  IndexIterator operator++(int) { return {view_, index_++}; }
  IndexIterator& operator--() { return --index_, *this; }
  IndexIterator operator--(int) { return {view_, index_--}; }
  IndexIterator& operator+=(difference_type n) { return index_ += n, *this; }
  IndexIterator& operator-=(difference_type n) { return index_ -= n, *this; }
  friend IndexIterator operator+(IndexIterator a, difference_type n) { return a += n; }
  friend IndexIterator operator+(difference_type n, IndexIterator a) { return a += n; }
  friend IndexIterator operator-(IndexIterator a, difference_type n) { return a -= n; }
  friend difference_type operator-(const IndexIterator& a, const IndexIterator& b) { return a.index_ - b.index_; }
  friend bool operator==(const IndexIterator& a, const IndexIterator& b) { return a.index_ == b.index_; }
  friend auto operator<=>(const IndexIterator& a, const IndexIterator& b) { return a.index_ <=> b.index_; }

 private:
  View view_;
  std::ptrdiff_t index_ = 0;
};

// The strings of a repeated field, read as std::string_view. Valid until the field changes.
class RepeatedStrings {
 public:
  using value_type = std::string_view;
  using const_iterator = IndexIterator<RepeatedStrings>;
  RepeatedStrings() = default;
  explicit RepeatedStrings(std::span<const StringField> fields) : fields_(fields) {}
  std::size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  std::string_view operator[](std::size_t i) const { return fields_[i].view(); }
  std::string_view Get(int i) const { return fields_[static_cast<std::size_t>(i)].view(); }
  const_iterator begin() const { return {*this, 0}; }
  const_iterator end() const { return {*this, static_cast<std::ptrdiff_t>(size())}; }

 private:
  std::span<const StringField> fields_;
};

// The messages of a repeated field. Valid until the field changes; the messages themselves stay where they are.
template <typename T>
class RepeatedMessages {
 public:
  using value_type = T;
  using const_iterator = IndexIterator<RepeatedMessages>;
  RepeatedMessages() = default;
  explicit RepeatedMessages(std::span<T* const> messages) : messages_(messages) {}
  std::size_t size() const { return messages_.size(); }
  bool empty() const { return messages_.empty(); }
  const T& operator[](std::size_t i) const { return *messages_[i]; }
  const T& Get(int i) const { return *messages_[static_cast<std::size_t>(i)]; }
  const_iterator begin() const { return {*this, 0}; }
  const_iterator end() const { return {*this, static_cast<std::ptrdiff_t>(size())}; }

 private:
  std::span<T* const> messages_;
};

// Changes a repeated field of numbers or enums: what mutable_x() returns. Used like a pointer; valid as long as the
// message.
template <typename T>
class MutableRepeated {
 public:
  MutableRepeated(RepeatedField<T>& field, Arena& arena) : field_(&field), arena_(&arena) {}
  MutableRepeated* operator->() { return this; }
  MutableRepeated& operator*() { return *this; }
  std::size_t size() const { return field_->size; }
  bool empty() const { return field_->size == 0; }
  T& operator[](std::size_t i) { return field_->at(i); }
  T* begin() { return field_->begin(); }
  T* end() { return field_->begin() + field_->size; }
  T Get(int i) const { return field_->at(static_cast<std::size_t>(i)); }
  void Set(int i, T value) { field_->at(static_cast<std::size_t>(i)) = value; }
  void Add(T value) { field_->add(value, *arena_); }
  void Reserve(int count) { field_->reserve(static_cast<std::size_t>(count), sizeof(T), *arena_); }
  // Appends what is missing as `value`, drops what is too much.
  void Resize(int count, T value) {
    Reserve(count);
    for (std::uint32_t i = field_->size; i < static_cast<std::uint32_t>(count); i++) field_->begin()[i] = value;
    field_->size = static_cast<std::uint32_t>(count);
  }
  void Assign(std::span<const T> values) {
    Reserve(static_cast<int>(values.size()));
    if (!values.empty()) std::memmove(field_->data, values.data(), values.size_bytes());
    field_->size = static_cast<std::uint32_t>(values.size());
  }
  void RemoveLast() {
    GODWIT_ASSERT(field_->size > 0);
    field_->size--;
  }
  void Truncate(int count) {
    GODWIT_ASSERT(static_cast<std::uint32_t>(count) <= field_->size);
    field_->size = static_cast<std::uint32_t>(count);
  }
  void Clear() { field_->size = 0; }

 private:
  RepeatedField<T>* field_;
  Arena* arena_;
};

// Writes `value` into `field`, in place where it fits, else to the arena. `value` may be a part of the old value.
void assign_string(StringField& field, std::string_view value, Arena& arena);

template <>
class MutableRepeated<StringField> {
 public:
  MutableRepeated(RepeatedField<StringField>& field, Arena& arena) : field_(&field), arena_(&arena) {}
  MutableRepeated* operator->() { return this; }
  MutableRepeated& operator*() { return *this; }
  std::size_t size() const { return field_->size; }
  bool empty() const { return field_->size == 0; }
  std::string_view operator[](std::size_t i) const { return field_->at(i).view(); }
  std::string_view Get(int i) const { return field_->at(static_cast<std::size_t>(i)).view(); }
  void Set(int i, std::string_view value) { assign_string(field_->at(static_cast<std::size_t>(i)), value, *arena_); }
  void Add(std::string_view value) {
    StringField text;
    assign_string(text, value, *arena_);
    field_->add(text, *arena_);
  }
  void Reserve(int count) { field_->reserve(static_cast<std::size_t>(count), sizeof(StringField), *arena_); }
  void RemoveLast() {
    GODWIT_ASSERT(field_->size > 0);
    field_->size--;
  }
  void Truncate(int count) {
    GODWIT_ASSERT(static_cast<std::uint32_t>(count) <= field_->size);
    field_->size = static_cast<std::uint32_t>(count);
  }
  void Clear() { field_->size = 0; }

 private:
  RepeatedField<StringField>* field_;
  Arena* arena_;
};

}  // namespace godwit::proto

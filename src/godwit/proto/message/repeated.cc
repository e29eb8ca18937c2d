#include "godwit/proto/message/repeated.h"

#include <algorithm>

namespace godwit::proto {

void RepeatedBase::grow(std::size_t count, std::size_t element_size, Arena& arena) {
  GODWIT_ASSERT(count < std::size_t{1} << 31);
  const std::size_t wanted = std::max({count, std::size_t{capacity} * 2, std::size_t{4}});
  if (capacity != 0 && arena.try_extend(data, capacity * element_size, wanted * element_size)) {
    capacity = static_cast<std::uint32_t>(wanted);
    return;
  }
  void* to = arena.allocate(wanted * element_size, 8);
  if (size != 0) std::memcpy(to, data, size * element_size);
  data = to;
  capacity = static_cast<std::uint32_t>(wanted);
}

void assign_string(StringField& field, std::string_view value, Arena& arena) {
  GODWIT_ASSERT(value.size() <= 0x7fffffff && "a string of at most 2 GiB");
  if (value.size() <= field.capacity) {
    if (!value.empty()) std::memmove(const_cast<char*>(field.data), value.data(), value.size());
    field.size = static_cast<std::uint32_t>(value.size());
    return;
  }
  // Growing strings get room to grow on, so that setting one again and again does not use up memory each time.
  std::size_t capacity = value.size();
  if (field.capacity != 0) capacity = std::min<std::size_t>(std::max<std::size_t>(capacity, field.capacity * std::size_t{2}), 0x7fffffff);
  char* to = static_cast<char*>(arena.allocate(capacity, 1));
  std::memcpy(to, value.data(), value.size());  // not empty: it is longer than the capacity
  field.data = to;
  field.size = static_cast<std::uint32_t>(value.size());
  field.capacity = static_cast<std::uint32_t>(capacity);
}

}  // namespace godwit::proto

#include "godwit/proto/message/map.h"

#include <algorithm>

#if defined(__linux__)
#include <sys/auxv.h>
#endif

namespace godwit::proto {
namespace {

// Keyed so that nobody who does not know the process's secret can make keys collide. The secret is the random bytes that
// the kernel gives each program; results never depend on it, only how entries spread.
struct Secret {
  std::uint64_t a, b;
};
const Secret& secret() {
  static const Secret value = [] {
    Secret s{0x9e3779b97f4a7c15u, 0xbf58476d1ce4e5b9u};
#if defined(__linux__)
    if (const auto* random = reinterpret_cast<const void*>(getauxval(AT_RANDOM))) {
      Secret r;
      std::memcpy(&r, random, sizeof r);
      s.a ^= r.a;
      s.b ^= r.b;
    }
#endif
    return s;
  }();
  return value;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint32_t hash(std::uint64_t key) {
  const Secret& s = secret();
  return static_cast<std::uint32_t>(mix(mix(key ^ s.a, s.b | 1), s.a | 1) >> 16);
}

std::uint64_t load(const char* p, std::size_t size) {
  std::uint64_t v = 0;
  if (size != 0) std::memcpy(&v, p, size);
  return v;
}

std::uint32_t hash(std::string_view key) {
  const Secret& s = secret();
  std::uint64_t h = s.a ^ key.size();
  const char* p = key.data();
  std::size_t left = key.size();
  for (; left > 16; left -= 16, p += 16) h = mix(load(p, 8) ^ s.b ^ h, load(p + 8, 8) ^ s.a ^ (h << 32 | h >> 32));
  const std::uint64_t low = load(p, std::min<std::size_t>(left, 8));
  const std::uint64_t high = left > 8 ? load(p + 8, left - 8) : 0;
  return static_cast<std::uint32_t>(mix(mix(low ^ s.b ^ h, high ^ s.a ^ (h << 32 | h >> 32)), s.b | 1) >> 16);
}

std::uint64_t key_of(const char* entry, std::uint64_t) { return *reinterpret_cast<const Alias<std::uint64_t>*>(entry); }
std::string_view key_of(const char* entry, std::string_view) { return reinterpret_cast<const StringField*>(entry)->view(); }

void store_key(char* entry, std::uint64_t key, Arena&) { *reinterpret_cast<Alias<std::uint64_t>*>(entry) = key; }
void store_key(char* entry, std::string_view key, Arena& arena) {
  auto* field = reinterpret_cast<StringField*>(entry);
  const std::string_view copy = arena.copy(key);
  field->data = copy.data();
  field->size = static_cast<std::uint32_t>(copy.size());
  field->capacity = 0;
}

// The index: word 0 is the mask of slots, then the slots: hash in the high half, position + 1 in the low half, or 0.
// At most half of them are taken.
std::uint64_t* slots(std::uint64_t* index) { return index + 1; }
constexpr std::uint32_t position_of(std::uint64_t slot) { return static_cast<std::uint32_t>(slot) - 1; }
constexpr std::uint64_t make_slot(std::uint32_t hashed, std::uint32_t position) {
  return std::uint64_t{hashed} << 32 | (position + 1);
}

// The slot that holds `position`.
std::uint64_t slot_of(std::uint64_t* index, std::uint32_t hashed, std::uint32_t position) {
  const std::uint64_t mask = index[0];
  std::uint64_t i = hashed & mask;
  while (slots(index)[i] != make_slot(hashed, position)) i = (i + 1) & mask;
  return i;
}

}  // namespace

template <typename Key>
inline void* MapField::find_key(Key key, std::size_t stride) const {
  if (!index) {
    char* entry = entries;
    for (std::uint32_t i = 0; i < size; i++, entry += stride) {
      if (key_of(entry, key) == key) return entry;
    }
    return nullptr;
  }
  const std::uint32_t hashed = hash(key);
  const std::uint64_t mask = index[0];
  for (std::uint64_t i = hashed & mask; slots(index)[i] != 0; i = (i + 1) & mask) {
    const std::uint64_t slot = slots(index)[i];
    if (slot >> 32 != hashed) continue;
    char* entry = entries + position_of(slot) * stride;
    if (key_of(entry, key) == key) return entry;
  }
  return nullptr;
}

void MapField::grow(std::size_t stride, Arena& arena) {
  GODWIT_ASSERT(size < 1u << 30);
  const std::uint32_t wanted = capacity == 0 ? 4 : capacity * 2;
  if (capacity != 0 && arena.try_extend(entries, capacity * stride, wanted * stride)) {
    capacity = wanted;
    return;
  }
  char* to = static_cast<char*>(arena.allocate(wanted * stride, 8));
  if (size != 0) std::memcpy(to, entries, size * stride);
  entries = to;
  capacity = wanted;
}

template <typename Key>
void MapField::rebuild(std::size_t stride, Arena& arena) {
  std::uint64_t count = 4 * kLinear;
  while (count < std::uint64_t{size} * 4) count *= 2;
  index = static_cast<std::uint64_t*>(arena.allocate((count + 1) * 8, 8));
  std::memset(index, 0, (count + 1) * 8);
  index[0] = count - 1;
  for (std::uint32_t i = 0; i < size; i++) {
    const std::uint32_t hashed = hash(key_of(entries + i * stride, Key{}));
    std::uint64_t at = hashed & (count - 1);
    while (slots(index)[at] != 0) at = (at + 1) & (count - 1);
    slots(index)[at] = make_slot(hashed, i);
  }
}

template <typename Key>
MapField::Inserted MapField::insert_key(Key key, std::size_t stride, Arena& arena) {
  if (void* entry = find_key(key, stride)) return {entry, false};
  if (size == capacity) grow(stride, arena);
  char* entry = entries + size * stride;
  std::memset(entry, 0, stride);
  store_key(entry, key, arena);
  size++;
  if (size > kLinear && (!index || std::uint64_t{size} * 2 > index[0] + 1)) {
    rebuild<Key>(stride, arena);
  } else if (index) {
    const std::uint32_t hashed = hash(key);
    std::uint64_t i = hashed & index[0];
    while (slots(index)[i] != 0) i = (i + 1) & index[0];
    slots(index)[i] = make_slot(hashed, size - 1);
  }
  return {entry, true};
}

template <typename Key>
bool MapField::erase_key(Key key, std::size_t stride) {
  auto* entry = static_cast<char*>(find_key(key, stride));
  if (!entry) return false;
  const auto position = static_cast<std::uint32_t>(static_cast<std::size_t>(entry - entries) / stride);
  if (index) {
    // Take the slot out and move back those behind it that probing would no longer find.
    const std::uint64_t mask = index[0];
    std::uint64_t hole = slot_of(index, hash(key), position);
    for (std::uint64_t i = (hole + 1) & mask; slots(index)[i] != 0; i = (i + 1) & mask) {
      const std::uint64_t home = (slots(index)[i] >> 32) & mask;
      if (((i - home) & mask) >= ((i - hole) & mask)) {
        slots(index)[hole] = slots(index)[i];
        hole = i;
      }
    }
    slots(index)[hole] = 0;
  }
  char* last = entries + (size - 1) * stride;
  if (entry != last) {
    if (index) {
      const std::uint32_t hashed = hash(key_of(last, key));
      slots(index)[slot_of(index, hashed, size - 1)] = make_slot(hashed, position);
    }
    std::memcpy(entry, last, stride);
  }
  size--;
  return true;
}

void* MapField::find(std::uint64_t key, std::size_t stride) const { return find_key(key, stride); }
void* MapField::find(std::string_view key, std::size_t stride) const { return find_key(key, stride); }
MapField::Inserted MapField::insert(std::uint64_t key, std::size_t stride, Arena& arena) { return insert_key(key, stride, arena); }
MapField::Inserted MapField::insert(std::string_view key, std::size_t stride, Arena& arena) {
  return insert_key(key, stride, arena);
}
bool MapField::erase(std::uint64_t key, std::size_t stride) { return erase_key(key, stride); }
bool MapField::erase(std::string_view key, std::size_t stride) { return erase_key(key, stride); }

}  // namespace godwit::proto

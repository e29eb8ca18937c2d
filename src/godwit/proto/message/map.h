#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>
#include <type_traits>
#include <utility>

#include "godwit/base/arena.h"
#include "godwit/base/assert.h"
#include "godwit/proto/message/repeated.h"
#include "godwit/proto/message/string_field.h"

namespace godwit::proto {

// A map field: entries in one array, in the order of their insertion (erasing moves the last one into the hole), and
// beside it, once there are more than a few, an index by a hash with a secret key of this process. The order that users
// see and that is serialized never depends on the hash.
struct MapField {
  char* entries = nullptr;
  std::uint32_t size = 0;
  std::uint32_t capacity = 0;
  std::uint64_t* index = nullptr;

  // Up to this many entries a search looks at each.
  static constexpr std::uint32_t kLinear = 8;

  struct Inserted {
    void* entry;
    bool added;  // a new entry, zero but for its key
  };
  // `stride` is the size of an entry. Keys of up to 8 bytes stand in the entry's first 8 bytes, zero-extended; string
  // keys as a StringField. Null when the key is not there.
  void* find(std::uint64_t key, std::size_t stride) const;
  void* find(std::string_view key, std::size_t stride) const;
  // The string is copied to the arena when the entry is new.
  Inserted insert(std::uint64_t key, std::size_t stride, Arena& arena);
  Inserted insert(std::string_view key, std::size_t stride, Arena& arena);
  bool erase(std::uint64_t key, std::size_t stride);
  bool erase(std::string_view key, std::size_t stride);
  void clear() {
    entries = nullptr;
    size = capacity = 0;
    index = nullptr;
  }

 private:
  template <typename Key>
  void* find_key(Key key, std::size_t stride) const;
  template <typename Key>
  Inserted insert_key(Key key, std::size_t stride, Arena& arena);
  template <typename Key>
  bool erase_key(Key key, std::size_t stride);
  template <typename Key>
  void rebuild(std::size_t stride, Arena& arena);
  void grow(std::size_t stride, Arena& arena);
};

// How a key or a value of C++ type T stands in an entry. Strings are std::string_view, messages M*.
template <typename T>
struct MapSlot {
  static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
  using Stored = T;
  using Const = T;
  static constexpr std::size_t kSize = 8;
  static Const read(const char* p) { return *reinterpret_cast<const Alias<T>*>(p); }
};
template <>
struct MapSlot<std::string_view> {
  using Stored = StringField;
  using Const = std::string_view;
  static constexpr std::size_t kSize = 16;
  static Const read(const char* p) { return reinterpret_cast<const StringField*>(p)->view(); }
};
template <typename M>
struct MapSlot<M*> {
  using Stored = M*;
  using Const = const M&;
  static constexpr std::size_t kSize = 8;
  static Const read(const char* p) { return **reinterpret_cast<const Alias<M*>*>(p); }
};

// A key as MapField compares it.
inline std::string_view map_key(std::string_view key) { return key; }
template <typename K>
  requires std::is_integral_v<K>
std::uint64_t map_key(K key) {
  if constexpr (std::is_same_v<K, bool>) return key ? 1 : 0;
  return static_cast<std::uint64_t>(static_cast<std::make_unsigned_t<std::conditional_t<std::is_same_v<K, bool>, char, K>>>(key));
}

template <typename K, typename V>
inline constexpr std::size_t kMapStride = MapSlot<K>::kSize + MapSlot<V>::kSize;

// The entries of a map field, read only: `for (auto [key, value] : message.attributes())`. Order: as inserted. Valid
// until the map changes.
template <typename K, typename V>
class MapView {
 public:
  using value_type = std::pair<K, typename MapSlot<V>::Const>;
  class const_iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = MapView::value_type;
    using reference = value_type;
    struct pointer {
      value_type value;
      const value_type* operator->() const { return &value; }
    };
    const_iterator() = default;
    explicit const_iterator(const char* entry) : entry_(entry) {}
    value_type operator*() const { return {MapSlot<K>::read(entry_), MapSlot<V>::read(entry_ + MapSlot<K>::kSize)}; }
    pointer operator->() const { return {**this}; }
    const_iterator& operator++() { return entry_ += kMapStride<K, V>, *this; }
    const_iterator operator++(int) { return const_iterator(std::exchange(entry_, entry_ + kMapStride<K, V>)); }
    friend bool operator==(const_iterator a, const_iterator b) { return a.entry_ == b.entry_; }

   private:
    const char* entry_ = nullptr;
  };
  using iterator = const_iterator;

  explicit MapView(const MapField& map) : map_(&map) {}
  std::size_t size() const { return map_->size; }
  bool empty() const { return map_->size == 0; }
  bool contains(K key) const { return entry(key) != nullptr; }
  std::size_t count(K key) const { return contains(key) ? 1 : 0; }
  const_iterator find(K key) const {
    const void* p = entry(key);
    return p ? const_iterator(static_cast<const char*>(p)) : end();
  }
  // The value of a key that is there: asserts otherwise.
  typename MapSlot<V>::Const at(K key) const {
    const void* p = entry(key);
    GODWIT_ASSERT(p && "key not in map");
    return MapSlot<V>::read(static_cast<const char*>(p) + MapSlot<K>::kSize);
  }
  const_iterator begin() const { return const_iterator(map_->entries); }
  const_iterator end() const { return const_iterator(map_->entries + map_->size * kMapStride<K, V>); }

 private:
  const void* entry(K key) const { return map_->find(map_key(key), kMapStride<K, V>); }
  const MapField* map_;
};

// A string value in a map, as something to assign to.
class MapString {
 public:
  MapString(StringField& field, Arena& arena) : field_(&field), arena_(&arena) {}
  MapString& operator=(std::string_view value) {
    assign_string(*field_, value, *arena_);
    return *this;
  }
  operator std::string_view() const { return field_->view(); }  // NOLINT: implicit on purpose

 private:
  StringField* field_;
  Arena* arena_;
};

template <typename M>
M* create(Arena& arena);

// What operator[] of a map gives.
template <typename V>
struct MapReference {
  using type = V&;
};
template <>
struct MapReference<std::string_view> {
  using type = MapString;
};
template <typename M>
struct MapReference<M*> {
  using type = M&;
};

// Changes a map field: what mutable_x() returns. Used like a pointer; valid as long as the message. References to
// values are valid until the next insertion, but messages stay where they are.
template <typename K, typename V>
class MutableMap {
 public:
  MutableMap(MapField& map, Arena& arena) : map_(&map), arena_(&arena) {}
  MutableMap* operator->() { return this; }
  MutableMap& operator*() { return *this; }
  operator MapView<K, V>() const { return MapView<K, V>(*map_); }  // NOLINT: implicit on purpose
  std::size_t size() const { return map_->size; }
  bool empty() const { return map_->size == 0; }
  bool contains(K key) const { return MapView<K, V>(*map_).contains(key); }
  typename MapView<K, V>::const_iterator find(K key) const { return MapView<K, V>(*map_).find(key); }
  typename MapView<K, V>::const_iterator begin() const { return MapView<K, V>(*map_).begin(); }
  typename MapView<K, V>::const_iterator end() const { return MapView<K, V>(*map_).end(); }

  // The value of `key`, made as zero, empty or default when it is new: a V&, an M&, or a MapString to assign to.
  typename MapReference<V>::type operator[](K key) {
    auto [entry, added] = map_->insert(map_key(key), kMapStride<K, V>, *arena_);
    void* value = static_cast<char*>(entry) + MapSlot<K>::kSize;
    if constexpr (std::is_same_v<V, std::string_view>) {
      return MapString(*static_cast<StringField*>(value), *arena_);
    } else if constexpr (std::is_pointer_v<V>) {
      auto& slot = *static_cast<Alias<V>*>(value);
      if (added) slot = create<std::remove_pointer_t<V>>(*arena_);
      return *slot;
    } else {
      return *static_cast<Alias<V>*>(value);
    }
  }
  // For messages the value is copied.
  void insert_or_assign(K key, typename MapSlot<V>::Const value) { (*this)[key] = value; }
  // False, and nothing changes, when the key is there already.
  bool insert(K key, typename MapSlot<V>::Const value) {
    if (contains(key)) return false;
    insert_or_assign(key, value);
    return true;
  }
  // How many entries went: 0 or 1. The last entry takes the place of the erased one.
  std::size_t erase(K key) { return map_->erase(map_key(key), kMapStride<K, V>) ? 1 : 0; }
  void clear() { map_->clear(); }

 private:
  MapField* map_;
  Arena* arena_;
};

}  // namespace godwit::proto

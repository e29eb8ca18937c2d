#include "godwit/proto/message/map_order.h"

#include <algorithm>
#include <numeric>

namespace godwit::proto {

const std::uint32_t* sorted_order(const MapField& map, const MessageTable& entry_table, Arena& memory) {
  auto* order = static_cast<std::uint32_t*>(memory.allocate(map.size * sizeof(std::uint32_t) + 1, alignof(std::uint32_t)));
  std::iota(order, order + map.size, 0u);
  const std::size_t stride = entry_table.object_size;
  const auto sort_by = [&](auto key) {
    std::sort(order, order + map.size, [&](std::uint32_t a, std::uint32_t b) {
      return key(map.entries + a * stride) < key(map.entries + b * stride);
    });
  };
  switch (entry_table.entries()[1].field_type()) {
    case FieldType::kString:
      sort_by([](const char* entry) { return reinterpret_cast<const StringField*>(entry)->view(); });
      break;
    case FieldType::kInt32:
    case FieldType::kSint32:
    case FieldType::kSfixed32:
      sort_by([](const char* entry) { return *reinterpret_cast<const Alias<std::int32_t>*>(entry); });
      break;
    case FieldType::kInt64:
    case FieldType::kSint64:
    case FieldType::kSfixed64:
      sort_by([](const char* entry) { return *reinterpret_cast<const Alias<std::int64_t>*>(entry); });
      break;
    default:
      sort_by([](const char* entry) { return *reinterpret_cast<const Alias<std::uint64_t>*>(entry); });
      break;
  }
  return order;
}

}  // namespace godwit::proto

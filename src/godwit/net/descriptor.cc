#include "godwit/net/descriptor.h"

#include <unistd.h>

#include <cstddef>

namespace godwit::net {
namespace {

// Which descriptors are owned, a bit each, in pieces that are made when they are needed and stay. No lock: a fork may
// happen at any point.
class OwnedBits {
 public:
  void set(int descriptor, bool owned) {
    const auto index = static_cast<std::size_t>(descriptor);
    if (index >= kPieces * kPieceBits) return;  // stays open in children: nothing worse
    std::atomic<Piece*>& slot = pieces_[index / kPieceBits];
    Piece* piece = slot.load(std::memory_order_acquire);
    if (!piece) {
      auto* made = new Piece{};
      if (slot.compare_exchange_strong(piece, made, std::memory_order_acq_rel)) {
        piece = made;
      } else {
        delete made;
      }
    }
    std::atomic<std::uint64_t>& word = piece->words[index % kPieceBits / 64];
    const std::uint64_t bit = std::uint64_t{1} << index % 64;
    if (owned) {
      word.fetch_or(bit, std::memory_order_relaxed);
    } else {
      word.fetch_and(~bit, std::memory_order_relaxed);
    }
  }
  // Calls `each` with every owned one, which is none from then on.
  template <typename Each>
  void take_all(Each each) {
    for (std::size_t p = 0; p < kPieces; ++p) {
      Piece* piece = pieces_[p].load(std::memory_order_acquire);
      if (!piece) continue;
      for (std::size_t w = 0; w < kPieceBits / 64; ++w) {
        std::uint64_t bits = piece->words[w].exchange(0, std::memory_order_relaxed);
        for (int bit = 0; bits != 0; ++bit, bits >>= 1) {
          if (bits & 1) each(static_cast<int>(p * kPieceBits + w * 64) + bit);
        }
      }
    }
  }

 private:
  static constexpr std::size_t kPieceBits = 8192;
  static constexpr std::size_t kPieces = 256;  // two million descriptors
  struct Piece {
    std::atomic<std::uint64_t> words[kPieceBits / 64];
  };
  std::atomic<Piece*> pieces_[kPieces]{};
};

OwnedBits owned;

}  // namespace

OwnedDescriptor::OwnedDescriptor(int descriptor) : descriptor_(descriptor) {
  if (descriptor >= 0) owned.set(descriptor, true);
}

int OwnedDescriptor::release() {
  const int descriptor = get();
  descriptor_ = -1;
  if (descriptor >= 0) owned.set(descriptor, false);
  return descriptor;
}

void OwnedDescriptor::close() {
  const int descriptor = release();
  if (descriptor >= 0) ::close(descriptor);
}

void close_descriptors_of_parent() {
  owned.take_all([](int descriptor) { ::close(descriptor); });
  fork_count.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace godwit::net

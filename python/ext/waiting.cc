#include "waiting.h"

#include <bit>
#include <mutex>
#include <utility>

namespace godwit::python {
namespace {

// Which seats are taken. Never destroyed: threads may end after everything else.
struct Seats {
  std::mutex mutex;
  std::uint32_t taken[Seat::kWords] = {};
  std::uint32_t next_shared = 0;
};
Seats& seats() {
  static auto* made = new Seats;
  return *made;
}

class TakenSeat {
 public:
  TakenSeat() {
    Seats& s = seats();
    const std::lock_guard lock(s.mutex);
    for (std::uint32_t i = 0; i < Seat::kWords; ++i) {
      if (s.taken[i] == 0xffffffff) continue;
      const auto bit = static_cast<std::uint32_t>(std::countr_one(s.taken[i]));
      s.taken[i] |= std::uint32_t{1} << bit;
      number_ = i * Seat::kPerWord + bit;
      return;
    }
    number_ = s.next_shared++ % (Seat::kWords * Seat::kPerWord);
    shared_ = true;
  }
  ~TakenSeat() {
    if (shared_) return;
    Seats& s = seats();
    const std::lock_guard lock(s.mutex);
    s.taken[number_ / Seat::kPerWord] &= ~(std::uint32_t{1} << number_ % Seat::kPerWord);
  }
  std::uint32_t number() const { return number_; }

 private:
  std::uint32_t number_ = 0;
  bool shared_ = false;
};

}  // namespace

Seat::Word Seat::words_[kWords];

std::uint32_t Seat::mine() {
  thread_local const TakenSeat seat;
  return seat.number();
}

FutexWait Seat::sleep(std::uint32_t seat, std::uint32_t word, Duration timeout) {
  return futex_wait_bit(words_[seat / kPerWord].value, word, timeout, std::uint32_t{1} << seat % kPerWord);
}

void Seat::wake(std::uint32_t index, std::uint32_t bits) {
  std::atomic<std::uint32_t>& word = words_[index].value;
  word.fetch_add(1, std::memory_order_release);
  futex_wake_bits(word, bits);
}

Bell::Ticket Bell::listen() {
  const std::uint32_t mine = Seat::mine();
  if (seat_plus_1_ == 0 || seat_plus_1_ == mine + 1) {
    seat_plus_1_ = mine + 1;
    return {true, mine, Seat::word_of(mine)};
  }
  return {false, 0, word_.fetch_or(1, std::memory_order_relaxed) | 1};
}

void WakeBatch::ring(Shared& owner, Bell& bell, Bell::Ring ring) {
  if (!std::exchange(waiting_, true)) executor_.at_turn_end(*this);
  if (ring.seat_plus_1 != 0) {
    const std::uint32_t seat = ring.seat_plus_1 - 1;
    std::uint32_t& bits = bits_[seat / Seat::kPerWord];
    if (bits == 0) words_.push_back(seat / Seat::kPerWord);
    bits |= std::uint32_t{1} << seat % Seat::kPerWord;
  }
  if (ring.own) others_.push_back({Ref<Shared>::share(&owner), &bell});
}

void WakeBatch::run() {
  waiting_ = false;
  for (const std::uint32_t index : words_) Seat::wake(index, std::exchange(bits_[index], 0));
  words_.clear();
  for (Entry& entry : others_) entry.bell->ring({0, true});
  others_.clear();
}

}  // namespace godwit::python

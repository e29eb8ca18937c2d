#include "godwit/async/timer_wheel.h"

#include <bit>

#include "godwit/base/assert.h"

namespace godwit {
namespace {

// A timer for tick E lies, seen from tick C, in the level of the highest 6-bit group in which E and C differ, in the
// slot that this group of E names. When C enters a slot of a higher level, the slot's timers move down, in their order;
// so a level's later slots always begin before any later slot of the level above.
constexpr std::int64_t kBias = std::int64_t{1} << 45;

std::uint64_t tick_at_or_before(TimePoint time) {
  const std::int64_t nanos = time.time_since_epoch().count();
  return static_cast<std::uint64_t>((nanos >> 18) + kBias);  // rounds down, below zero too
}
std::uint64_t tick_at_or_after(TimePoint time) {
  const std::int64_t nanos = time.time_since_epoch().count();
  const std::int64_t part = nanos & (TimerWheel::kTick.count() - 1);
  return static_cast<std::uint64_t>((nanos >> 18) + (part != 0) + kBias);
}
TimePoint time_of(std::uint64_t tick) {
  const std::int64_t ticks = static_cast<std::int64_t>(tick) - kBias;
  if (ticks >= kBias) return kNever - Duration(1);
  return TimePoint(Duration(ticks * TimerWheel::kTick.count()));
}

}  // namespace

static_assert(TimerWheel::kTick.count() == 1 << 18);

void Timer::cancel() {
  if (wheel_) wheel_->remove(*this);
}

TimerWheel::TimerWheel(TimePoint now) : tick_(tick_at_or_before(now)) {}

TimerWheel::~TimerWheel() {
  for (int number = 0; number <= kFiring; ++number) {
    while (Timer* timer = list_of(number).first) remove(*timer);
  }
}

TimerWheel::List& TimerWheel::list_of(int number) {
  if (number == kDue) return due_;
  if (number == kFiring) return firing_;
  return slots_[number >> kSlotBits][number & (kSlots - 1)];
}

void TimerWheel::append(Timer& timer, int number) {
  List& list = list_of(number);
  timer.wheel_ = this;
  timer.slot_ = static_cast<std::uint16_t>(number);
  timer.previous_ = list.last;
  timer.next_ = nullptr;
  (list.last ? list.last->next_ : list.first) = &timer;
  list.last = &timer;
  if (number < kDue) occupied_[number >> kSlotBits] |= std::uint64_t{1} << (number & (kSlots - 1));
  ++size_;
}

void TimerWheel::remove(Timer& timer) {
  const int number = timer.slot_;
  List& list = list_of(number);
  (timer.previous_ ? timer.previous_->next_ : list.first) = timer.next_;
  (timer.next_ ? timer.next_->previous_ : list.last) = timer.previous_;
  if (!list.first && number < kDue) {
    occupied_[number >> kSlotBits] &= ~(std::uint64_t{1} << (number & (kSlots - 1)));
  }
  timer.wheel_ = nullptr;
  timer.previous_ = timer.next_ = nullptr;
  --size_;
}

void TimerWheel::place(Timer& timer) {
  const std::uint64_t expiry = tick_at_or_after(timer.deadline_);
  if (expiry <= tick_) return append(timer, kDue);
  const int level = (63 - std::countl_zero(expiry ^ tick_)) / kSlotBits;
  const int slot = static_cast<int>(expiry >> (level * kSlotBits)) & (kSlots - 1);
  append(timer, level * kSlots + slot);
}

void TimerWheel::schedule(Timer& timer, TimePoint deadline) {
  timer.cancel();
  if (deadline == kNever) return;
  timer.deadline_ = deadline;
  place(timer);
}

// The first occupied slot after the current tick, and the tick at which it begins.
bool TimerWheel::find_next(int& level, int& slot, std::uint64_t& start) const {
  for (level = 0; level < kLevels; ++level) {
    const int shift = level * kSlotBits;
    const int current = static_cast<int>(tick_ >> shift) & (kSlots - 1);
    const std::uint64_t later = current == kSlots - 1 ? 0 : occupied_[level] & (~std::uint64_t{0} << (current + 1));
    if (later == 0) continue;
    slot = std::countr_zero(later);
    const std::uint64_t above = tick_ >> (shift + kSlotBits) << (shift + kSlotBits);
    start = above | static_cast<std::uint64_t>(slot) << shift;
    return true;
  }
  return false;
}

TimePoint TimerWheel::next() const {
  if (due_.first || firing_.first) return time_of(tick_);
  int level, slot;
  std::uint64_t start;
  return find_next(level, slot, start) ? time_of(start) : kNever;
}

std::size_t TimerWheel::advance(TimePoint now) {
  GODWIT_DEBUG_ASSERT(!firing_.first && "advance() is not called from inside a timer");
  while (Timer* timer = due_.first) {
    remove(*timer);
    append(*timer, kFiring);
  }
  const std::uint64_t target = tick_at_or_before(now);
  int level, slot;
  std::uint64_t start;
  while (tick_ < target && find_next(level, slot, start) && start <= target) {
    tick_ = start;
    List& list = slots_[level][slot];
    while (Timer* timer = list.first) {
      remove(*timer);
      if (tick_at_or_after(timer->deadline_) <= tick_) {
        append(*timer, kFiring);
      } else {
        place(*timer);
      }
    }
  }
  if (tick_ < target) tick_ = target;
  std::size_t fired = 0;
  while (Timer* timer = firing_.first) {
    remove(*timer);
    ++fired;
    timer->on_timer();
  }
  return fired;
}

}  // namespace godwit

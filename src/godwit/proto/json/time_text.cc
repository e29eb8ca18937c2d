#include "godwit/proto/json/time_text.h"

#include <cstddef>

namespace godwit::proto {
namespace {

constexpr std::int64_t kSecondsPerDay = 86400;
constexpr std::int64_t kMinTimestamp = -62135596800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kMaxTimestamp = 253402300799;  // 9999-12-31T23:59:59Z
constexpr std::int64_t kMaxDuration = 315576000000;
constexpr std::int32_t kMaxNanos = 999999999;

constexpr const char* kTimestampForm = "not a timestamp such as \"2024-02-29T12:30:00.5Z\"";
constexpr const char* kTimestampRange = "timestamp is not between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z";
constexpr const char* kDurationForm = "not a duration such as \"1.5s\"";
constexpr const char* kDurationRange = "duration is not between -315576000000s and 315576000000s";

bool is_leap(std::int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_of_month(std::int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

// Days from 0000-03-01 to the first of March of a year >= 0.
std::int64_t days_to_march(std::int64_t year) { return year * 365 + year / 4 - year / 100 + year / 400; }
// Days from the first of March to the first of a month, counted from March = 0.
std::int64_t days_from_march(std::int64_t month) { return (month * 153 + 2) / 5; }

constexpr std::int64_t kEpoch = 719468;  // days from 0000-03-01 to 1970-01-01

// Days since 1970-01-01. Years count from March, so that the leap day is the last of its year.
std::int64_t days_of_date(std::int64_t year, int month, int day) {
  const std::int64_t shifted = month > 2 ? year : year - 1;
  return days_to_march(shifted) + days_from_march(month > 2 ? month - 3 : month + 9) + day - 1 - kEpoch;
}

// Reads pieces of a fixed form from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  bool done() const { return rest_.empty(); }
  bool digits(std::size_t count, int& value) {
    if (rest_.size() < count) return false;
    value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return true;
  }
  bool one(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // 1 to 9 digits behind a point, if there is one.
  bool fraction(std::int32_t& nanos) {
    nanos = 0;
    if (!one('.')) return true;
    int count = 0, digit;
    for (; digits(1, digit); ++count) {
      if (count == 9) return false;
      nanos = nanos * 10 + digit;
    }
    for (int i = count; i < 9; ++i) nanos *= 10;
    return count != 0;
  }
  // 1 to 18 digits.
  bool integer(std::int64_t& value) {
    value = 0;
    int count = 0, digit;
    for (; digits(1, digit); ++count) {
      if (count == 18) return false;
      value = value * 10 + digit;
    }
    return count != 0;
  }

 private:
  std::string_view rest_;
};

void append_padded(std::string& out, std::int64_t value, int width) {
  char text[20];
  for (int i = width; i-- > 0; value /= 10) text[i] = static_cast<char>('0' + value % 10);
  out.append(text, static_cast<std::size_t>(width));
}

void append_fraction(std::string& out, std::int32_t nanos) {
  if (nanos == 0) return;
  out += '.';
  if (nanos % 1000000 == 0) {
    append_padded(out, nanos / 1000000, 3);
  } else if (nanos % 1000 == 0) {
    append_padded(out, nanos / 1000, 6);
  } else {
    append_padded(out, nanos, 9);
  }
}

}  // namespace

const char* parse_timestamp(std::string_view text, std::int64_t& seconds, std::int32_t& nanos) {
  Reader reader(text);
  int year, month, day, hour, minute, second, sign = 0, offset_hours = 0, offset_minutes = 0;
  std::int32_t fraction;
  if (!reader.digits(4, year) || !reader.one('-') || !reader.digits(2, month) || !reader.one('-') || !reader.digits(2, day) ||
      !reader.one('T') || !reader.digits(2, hour) || !reader.one(':') || !reader.digits(2, minute) || !reader.one(':') ||
      !reader.digits(2, second) || !reader.fraction(fraction)) {
    return kTimestampForm;
  }
  if (!reader.one('Z')) {
    sign = reader.one('+') ? 1 : reader.one('-') ? -1 : 0;
    if (sign == 0) return "timestamp has no offset; a Z at its end stands for UTC";
    if (!reader.digits(2, offset_hours) || !reader.one(':') || !reader.digits(2, offset_minutes)) return kTimestampForm;
  }
  if (!reader.done()) return kTimestampForm;
  if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month)) return "timestamp has a date that does not exist";
  if (hour > 23 || minute > 59 || second > 59) return "timestamp has a time of day that does not exist";
  if (offset_hours > 23 || offset_minutes > 59) return "timestamp has an offset that does not exist";
  if (year == 0) return kTimestampRange;
  const std::int64_t total = days_of_date(year, month, day) * kSecondsPerDay + hour * 3600 + minute * 60 + second -
                             sign * (offset_hours * 3600 + offset_minutes * 60);
  if (total < kMinTimestamp || total > kMaxTimestamp) return kTimestampRange;
  seconds = total;
  nanos = fraction;
  return nullptr;
}

const char* append_timestamp(std::string& out, std::int64_t seconds, std::int32_t nanos) {
  if (seconds < kMinTimestamp || seconds > kMaxTimestamp) return kTimestampRange;
  if (nanos < 0 || nanos > kMaxNanos) return "timestamp has nanos that are not between 0 and 999999999";
  const std::int64_t since_min = seconds - kMinTimestamp;  // no negative remainders from here on
  const std::int64_t time = since_min % kSecondsPerDay;
  const std::int64_t days = since_min / kSecondsPerDay + kMinTimestamp / kSecondsPerDay + kEpoch;  // since 0000-03-01
  std::int64_t year = days / 366;  // never too large; at most a few too small
  while (days_to_march(year + 1) <= days) ++year;
  const std::int64_t day_of_year = days - days_to_march(year);
  const std::int64_t month = (day_of_year * 5 + 2) / 153;  // from March = 0
  const std::int64_t day = day_of_year - days_from_march(month) + 1;
  append_padded(out, month < 10 ? year : year + 1, 4);
  out += '-';
  append_padded(out, month < 10 ? month + 3 : month - 9, 2);
  out += '-';
  append_padded(out, day, 2);
  out += 'T';
  append_padded(out, time / 3600, 2);
  out += ':';
  append_padded(out, time / 60 % 60, 2);
  out += ':';
  append_padded(out, time % 60, 2);
  append_fraction(out, nanos);
  out += 'Z';
  return nullptr;
}

const char* parse_duration(std::string_view text, std::int64_t& seconds, std::int32_t& nanos) {
  Reader reader(text);
  const bool negative = reader.one('-');
  std::int64_t whole;
  std::int32_t fraction;
  if (!reader.integer(whole) || !reader.fraction(fraction) || !reader.one('s') || !reader.done()) return kDurationForm;
  if (whole > kMaxDuration || (whole == kMaxDuration && fraction != 0)) return kDurationRange;
  seconds = negative ? -whole : whole;
  nanos = negative ? -fraction : fraction;
  return nullptr;
}

const char* append_duration(std::string& out, std::int64_t seconds, std::int32_t nanos) {
  if (seconds < -kMaxDuration || seconds > kMaxDuration) return kDurationRange;
  if (nanos < -kMaxNanos || nanos > kMaxNanos) return "duration has nanos that are not between -999999999 and 999999999";
  if ((seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0)) return "duration has seconds and nanos of different signs";
  if ((seconds == kMaxDuration || seconds == -kMaxDuration) && nanos != 0) return kDurationRange;
  if (seconds < 0 || nanos < 0) out += '-';
  out += std::to_string(seconds < 0 ? -seconds : seconds);
  append_fraction(out, nanos < 0 ? -nanos : nanos);
  out += 's';
  return nullptr;
}

}  // namespace godwit::proto

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace godwit::proto {

// google.protobuf.Timestamp as RFC 3339: "1972-01-01T10:00:20.021Z". Fractions are printed with 0, 3, 6 or 9 digits and
// read with 1 to 9; other offsets than Z are read. 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z.
//
// google.protobuf.Duration: "-3.000000001s", of up to 315,576,000,000 seconds (about 10,000 years).
//
// All return null when it went well, else what is wrong; then the results are not changed.

const char* parse_timestamp(std::string_view text, std::int64_t& seconds, std::int32_t& nanos);
const char* append_timestamp(std::string& out, std::int64_t seconds, std::int32_t nanos);
const char* parse_duration(std::string_view text, std::int64_t& seconds, std::int32_t& nanos);
const char* append_duration(std::string& out, std::int64_t seconds, std::int32_t nanos);

}  // namespace godwit::proto

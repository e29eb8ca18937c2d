// The first bytes of a connection (RFC 9113 section 3.4), and of peers that speak something else.

#include <algorithm>
#include <cstring>

#include "godwit/http2/connection/connection.h"
#include "godwit/http2/limits/limits.h"

namespace godwit::http2 {
namespace {

constexpr std::uint8_t kTlsAlert = 0x15;
constexpr std::uint8_t kTlsHandshake = 0x16;

bool is_printable(char c) { return c >= 0x20 && c < 0x7f; }

// Up to the end of the first line, 80 bytes at most, safe to print.
std::string first_line(std::string_view text) {
  std::string line(text.substr(0, std::min<std::size_t>(text.find_first_of("\r\n"), 80)));
  for (char& c : line) {
    if (!is_printable(c)) c = '.';
  }
  return line;
}

// A line that is not complete may still turn out to be a request of HTTP/1.
bool is_unfinished_line(std::string_view text) {
  return text.size() < limits::kForeignPrefaceBytes && std::all_of(text.begin(), text.end(), is_printable);
}

}  // namespace

// True when p stands at the first frame.
bool Connection::receive_preface(const std::uint8_t*& p, const std::uint8_t* end) {
  if (role_ == Role::kClient) {
    // SETTINGS begins with the high byte of its length, which is 0. "HTTP/1.1 400" and TLS records do not.
    if (foreign_.empty() && p != end && *p != 'H' && *p != kTlsAlert && *p != kTlsHandshake) {
      preface_done_ = true;
      return true;
    }
  }
  while (p != end) {
    foreign_.push_back(static_cast<char>(*p++));
    const bool matches = role_ == Role::kServer && kClientPreface.starts_with(foreign_);
    if (matches && foreign_.size() == kClientPreface.size()) {
      std::string().swap(foreign_);
      preface_done_ = true;
      write_preface();
      return true;
    }
    if (!matches && !is_unfinished_line(foreign_)) {
      refuse_foreign();
      return false;
    }
  }
  return false;
}

// The peer does not speak HTTP/2: says what it speaks instead.
void Connection::refuse_foreign() {
  const std::string line = first_line(foreign_);
  const auto first = static_cast<std::uint8_t>(foreign_[0]);
  if (first == kTlsHandshake || first == kTlsAlert) {
    return end(ConnectionErrorKind::kPeerSpeaksTls, Initiator::kEngine, ErrorCode::kProtocolError,
               "the peer speaks TLS where HTTP/2 in plain text was expected", LastWord::kNone);
  }
  if (line.starts_with("HTTP/") || line.find(" HTTP/1") != std::string::npos) {
    return end(ConnectionErrorKind::kPeerSpeaksHttp1, Initiator::kEngine, ErrorCode::kHttp11Required,
               "the peer speaks HTTP/1 where HTTP/2 was expected ('" + line + "')", LastWord::kNone);
  }
  fail(ConnectionErrorKind::kProtocol, ErrorCode::kProtocolError,
       "the first bytes ('" + line + "') are not the HTTP/2 connection preface (RFC 9113 section 3.4)");
}

}  // namespace godwit::http2

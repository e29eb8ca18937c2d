#include "status_text.h"

#include <cstdio>

namespace godwit::python {

std::pair<StatusCode, std::string> known_words(const Status& status, bool channel_closed) {
  const std::string& text = status.message();
  auto with = [&](std::string words) { return std::pair(status.code(), std::move(words) + ": " + text); };
  switch (status.code()) {
    case StatusCode::kDeadlineExceeded:
      if (text.starts_with("the deadline ")) return with(std::string(kDeadlineExceeded));
      break;
    case StatusCode::kCancelled:
    case StatusCode::kUnavailable:
      if (channel_closed && text.ends_with("was shut down")) {
        return {StatusCode::kCancelled, std::string(kChannelClosed)};
      }
      if (text.starts_with("connecting to ")) {
        return with("failed to connect to all addresses; last error: " + std::string(name_of(status.code())) +
                    ": Failed to connect to remote host");
      }
      break;
    case StatusCode::kResourceExhausted: {
      unsigned long long size = 0, limit = 0;
      if (std::sscanf(text.c_str(),
                      "the server sent a message of %llu bytes; this client receives messages of up to %llu", &size,
                      &limit) == 2) {
        return {status.code(), "CLIENT: Received message larger than max (" + std::to_string(size) + " vs. " +
                                   std::to_string(limit) +
                                   "): raise the channel option grpc.max_receive_message_length"};
      }
      if (std::sscanf(text.c_str(), "a message to send has %llu bytes; this client sends messages of up to %llu", &size,
                      &limit) == 2) {
        return {status.code(), "CLIENT: Sent message larger than max (" + std::to_string(size) + " vs. " +
                                   std::to_string(limit) + "): raise the channel option grpc.max_send_message_length"};
      }
      break;
    }
    default:
      break;
  }
  return {status.code(), text};
}

}  // namespace godwit::python

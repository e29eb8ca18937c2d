#include "wire.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace godwit::python {
namespace {

std::vector<std::string> messages_of(const Outgoing& outgoing) {
  std::vector<std::string> messages;
  const auto add = [&](Bytes framed) {
    EXPECT_EQ(framed[0], 0);
    EXPECT_EQ(load_be32(framed.data() + 1), framed.size() - 5);
    messages.emplace_back(as_text(framed.subspan(5)));
  };
  outgoing.for_each(add, [&](const Slice& framed) { add(framed.bytes()); });
  return messages;
}

TEST(Outgoing, KeepsSmallAndLargeMessagesInOrder) {
  const std::string large(Outgoing::kLarge, 'L');
  const std::vector<std::string> messages = {"", "one", large, large + "!", "two", "", large};
  Outgoing outgoing;
  EXPECT_TRUE(outgoing.empty());
  std::size_t size = 0;
  for (const std::string& message : messages) {
    outgoing.add(message);
    size += 5 + message.size();
  }
  EXPECT_EQ(messages_of(outgoing), messages);
  EXPECT_EQ(outgoing.size(), size);
  Outgoing other;
  other.swap(outgoing);
  EXPECT_TRUE(outgoing.empty());
  EXPECT_EQ(messages_of(other), messages);
  other.clear();
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(other.size(), 0u);
  other.add("again");
  EXPECT_EQ(messages_of(other), std::vector<std::string>{"again"});
}

TEST(Wire, FramesAMessage) {
  const Slice framed = frame_message("abc");
  EXPECT_EQ(as_text(framed.bytes()), std::string("\0\0\0\0\3abc", 8));
  EXPECT_EQ(frame_message("").size(), 5u);
}

TEST(Wire, MetadataThereAndBack) {
  const Entries entries = {{"a", "1"}, {"b-bin", std::string("\0\xff", 2)}, {"a", "2"}};
  Metadata metadata;
  std::string problem;
  ASSERT_TRUE(add_entries(entries, metadata, problem));
  EXPECT_EQ(entries_of(metadata), entries);
  EXPECT_FALSE(add_entries({{"not allowed", "x"}}, metadata, problem));
  EXPECT_NE(problem.find("not allowed"), std::string::npos);
  EXPECT_EQ(metadata_problem("a", "b"), "");
  EXPECT_NE(metadata_problem("grpc-\n", "b"), "");
}

TEST(Wire, KeysOfTheProtocol) {
  Metadata metadata;
  for (const char* key : {"grpc-timeout", "grpc-status", "grpc-encoding", "te", "content-type", "content-length",
                          "host", "connection", "transfer-encoding"}) {
    EXPECT_TRUE(add_entry(key, "1", metadata)) << key;
  }
  EXPECT_TRUE(metadata.empty());
  EXPECT_TRUE(add_entry("grpc-trace-bin", "\xff", metadata));
  EXPECT_TRUE(add_entry("grpc-x", "1", metadata));
  EXPECT_EQ(entries_of(metadata), (Entries{{"grpc-trace-bin", "\xff"}, {"grpc-x", "1"}}));
  EXPECT_FALSE(add_entry("grpc-y", "\xff", metadata));
}

TEST(Wire, SpacesAroundValuesAreKept) {
  Metadata metadata;
  EXPECT_TRUE(add_entry("a", " b ", metadata));
  EXPECT_EQ(entries_of(metadata), (Entries{{"a", " b "}}));
}

}  // namespace
}  // namespace godwit::python

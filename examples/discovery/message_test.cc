// SPDX-License-Identifier: Apache-2.0

#include "examples/discovery/message.h"

#include "gtest/gtest.h"

namespace pollux::examples {
namespace {

TEST(MessageTest, ReadsWhatItWrites) {
  const Message messages[] = {
      {.kind = Message::Kind::kWho},
      {.kind = Message::Kind::kHere, .text = "clock"},
      {.kind = Message::Kind::kAsk, .id = 7, .text = "what time is it?"},
      {.kind = Message::Kind::kAnswer, .id = 4294967295, .text = "12:00"},
  };
  for (const Message& message : messages) {
    const std::optional<Message> read = Message::Parse(message.ToString());
    ASSERT_TRUE(read.has_value()) << message.ToString();
    EXPECT_EQ(read->kind, message.kind);
    EXPECT_EQ(read->id, message.id);
    EXPECT_EQ(read->text, message.text);
  }
}

TEST(MessageTest, AcceptsTheLineEndsOfOtherPrograms) {
  EXPECT_TRUE(Message::Parse("WHO\n").has_value());
  ASSERT_TRUE(Message::Parse("ASK 1 time\r\n").has_value());
  EXPECT_EQ(Message::Parse("ASK 1 time\r\n")->text, "time");
}

TEST(MessageTest, RefusesWhatIsNoMessage) {
  for (const absl::string_view text :
       {"", "\n", "who", "WHO is there", "HERE", "HERE ", "ASK", "ASK time", "ASK 1", "ASK 1 ",
        "ASK -1 time", "ASK 4294967296 time", "ANSWER x y", "HELLO", "WHO\nWHO"}) {
    EXPECT_FALSE(Message::Parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace pollux::examples

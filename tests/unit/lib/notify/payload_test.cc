#include "lib/notify/payload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace matic::notify {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

Parcel Tell(Message message, uint64_t left_out = 0) {
  message.node = "edge-7";
  message.level = Level::kError;
  message.event = Event::kRolledBack;
  return {.id = "0a1b", .message = Cleaned(message), .left_out = left_out};
}

Message Plain() {
  Message message;
  message.title = "Rolled back";
  message.body = "the network check failed";
  message.fields = {{"from", "slot-b"}, {"to", "slot-a"}, {"empty", ""}};
  return message;
}

// Everything as long as it may be, in characters that take two UTF-16 units and need escaping
// between them.
Message Huge() {
  Message message;
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "*🙂";
  message.title = text;
  message.body = text;
  message.fields.assign(100, {text, text});
  return message;
}

size_t Units(const std::string& text) {
  size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

TEST(GenericJsonTest, HasEveryPart) {
  const Json json = Json::parse(GenericJson(Tell(Plain(), 4)));
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["id"], "0a1b");
  EXPECT_EQ(json["level"], "error");
  EXPECT_EQ(json["event"], "rolled-back");
  EXPECT_EQ(json["title"], "Rolled back");
  EXPECT_EQ(json["body"], "the network check failed");
  EXPECT_EQ(json["node"], "edge-7");
  EXPECT_EQ(json["time"], "1970-01-01T00:00:00Z");
  EXPECT_EQ(json["fields"]["to"], "slot-a");
  EXPECT_EQ(json["left_out"], 4);
  EXPECT_THAT(json["text"].get<std::string>(), HasSubstr("edge-7: Rolled back\nthe network"));
  EXPECT_LT(GenericJson(Tell(Huge())).size(), 64u << 10);
}

TEST(DiscordJsonTest, MentionsNobodyAndShowsMarkupAsItIs) {
  Message message = Plain();
  message.body = "@everyone [click](https://evil.example) `x`\n- y";
  const Json json = Json::parse(DiscordJson(Tell(message, 1)));
  EXPECT_EQ(json["allowed_mentions"]["parse"], Json::array());
  const Json& embed = json["embeds"][0];
  EXPECT_EQ(embed["title"], "edge\\-7: Rolled back");
  EXPECT_EQ(embed["description"],
            "1 other notification was left out: too many at a time.\n\n"
            "@everyone \\[click\\](https://evil.example) \\`x\\`\n\\- y");
  EXPECT_EQ(embed["fields"].size(), 2u);  // Discord refuses an empty one
}

TEST(DiscordJsonTest, StaysWithinItsLimits) {
  const Json json = Json::parse(DiscordJson(Tell(Huge(), 1000)));
  ASSERT_EQ(json["embeds"].size(), 1u);
  const Json& embed = json["embeds"][0];
  size_t total = 0;
  const auto within = [&](const Json& text, size_t limit) {
    const size_t units = Units(text.get<std::string>());
    EXPECT_LE(units, limit);
    total += units;
  };
  within(embed["title"], 256);
  within(embed["description"], 4096);
  within(embed["footer"]["text"], 2048);
  EXPECT_LE(embed["fields"].size(), 25u);
  for (const Json& field : embed["fields"]) {
    within(field["name"], 256);
    within(field["value"], 1024);
  }
  EXPECT_LE(total, 6000u);
}

TEST(SlackJsonTest, IsPlainTextWithAnEscapedFallback) {
  Message message = Plain();
  message.title = "a < b & <!channel>";
  const Json json = Json::parse(SlackJson(Tell(message)));
  EXPECT_EQ(json["text"], "edge-7: a &lt; b &amp; &lt;!channel&gt;");
  EXPECT_EQ(json["blocks"][0]["text"]["text"], "edge-7: a < b & <!channel>");
  EXPECT_EQ(json["blocks"][1]["text"]["text"], "the network check failed");
  EXPECT_EQ(json["blocks"][2]["fields"][0]["text"], "from: slot-b");
  EXPECT_EQ(json["blocks"][3]["elements"][0]["text"],
            "edge-7, error, rolled-back, 1970-01-01T00:00:00Z");
}

void ExpectPlainText(const Json& object, size_t limit) {
  EXPECT_EQ(object["type"], "plain_text");
  EXPECT_LE(Units(object["text"]), limit);
  EXPECT_FALSE(object["text"].get<std::string>().empty());
}

TEST(SlackJsonTest, StaysWithinItsLimits) {
  const Json json = Json::parse(SlackJson(Tell(Huge(), 1000)));
  EXPECT_LE(Units(json["text"]), 4000u);
  ASSERT_EQ(json["blocks"].size(), 4u);
  ExpectPlainText(json["blocks"][0]["text"], 150);
  ExpectPlainText(json["blocks"][1]["text"], 3000);
  EXPECT_LE(json["blocks"][2]["fields"].size(), 10u);
  for (const Json& field : json["blocks"][2]["fields"]) ExpectPlainText(field, 2000);
  ExpectPlainText(json["blocks"][3]["elements"][0], 2000);
}

TEST(SlackJsonTest, AMessageOfATitleOnlyHasNoEmptyBlock) {
  Message message;
  message.title = "Test";
  const Json json = Json::parse(SlackJson(Tell(message)));
  EXPECT_EQ(json["blocks"].size(), 2u);
}

TEST(MatrixJsonTest, IsATextThatMentionsNobody) {
  const Json json = Json::parse(MatrixJson(Tell(Plain())));
  EXPECT_EQ(json["msgtype"], "m.text");
  EXPECT_EQ(json["m.mentions"], Json::object());
  EXPECT_THAT(json["body"].get<std::string>(), HasSubstr("edge-7: Rolled back\n\nthe network"));
  EXPECT_LT(MatrixJson(Tell(Huge())).size(), 60u << 10);
}

}  // namespace
}  // namespace matic::notify

#include "lib/notify/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/notify/channel.h"
#include "lib/notify/redact.h"
#include "lib/notify/text.h"
#include "lib/notify/web_url.h"

namespace matic::notify {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MessageTest, NamesComeBack) {
  for (const Level level : {Level::kInfo, Level::kWarning, Level::kError}) {
    EXPECT_EQ(ParseLevel(LevelName(level)), level);
  }
  for (int i = 0; i <= static_cast<int>(Event::kTest); ++i) {
    const auto event = static_cast<Event>(i);
    EXPECT_FALSE(EventName(event).empty()) << i;
    EXPECT_EQ(ParseEvent(EventName(event)), event);
  }
  EXPECT_EQ(ParseLevel("fatal"), std::nullopt);
  EXPECT_EQ(ParseEvent(""), std::nullopt);
}

TEST(MessageTest, ChannelsChooseByLevelAndEvent) {
  Channel channel;
  channel.min_level = Level::kWarning;
  channel.events = {Event::kRolledBack};
  Message message;
  message.level = Level::kError;
  message.event = Event::kRolledBack;
  EXPECT_TRUE(Takes(channel, message));
  message.level = Level::kInfo;
  EXPECT_FALSE(Takes(channel, message));
  message.level = Level::kError;
  message.event = Event::kCheckFailed;
  EXPECT_FALSE(Takes(channel, message));
  channel.events.clear();
  EXPECT_TRUE(Takes(channel, message));
  message = {};
  message.event = Event::kTest;
  EXPECT_TRUE(Takes(channel, message));
}

TEST(MessageTest, CleanedIsBoundedAndHasNoControlCharacters) {
  Message message;
  message.title = "one\r\nBcc: all@example.com\x1b[31m";
  message.body = "a\r\nb\tc\x07 \xff\n\n";
  message.node = "edge\n7";
  message.fields = {{"k\n", "v\r\nv"}};
  const Message cleaned = Cleaned(message);
  EXPECT_EQ(cleaned.title, "one Bcc: all@example.com [31m");
  EXPECT_EQ(cleaned.body, "a\nb\tc \uFFFD");
  EXPECT_EQ(cleaned.node, "edge 7");
  EXPECT_EQ(cleaned.fields[0], (Field{"k", "v v"}));

  message.title = std::string(100'000, 't');
  message.body = std::string(10'000'000, 'b');
  message.fields.assign(100, {std::string(1000, 'n'), std::string(100'000, 'v')});
  EXPECT_LT(PlainText(Cleaned(message), 0).size(), 32u << 10);
}

TEST(MessageTest, PlainTextTellsEverything) {
  Message message;
  message.body = "the network check failed";
  message.node = "edge-7";
  message.fields = {{"slot", "slot-b"}, {"version", "2.0"}};
  EXPECT_EQ(PlainText(message, 2),
            "the network check failed\n\nslot: slot-b\nversion: 2.0\nnode: edge-7\n"
            "time: 1970-01-01T00:00:00Z\n\n"
            "2 other notifications were left out: too many at a time.\n");
}

TEST(TextTest, ShortensByUtf16UnitsBetweenCharacters) {
  EXPECT_EQ(Shorten("abc", 3), "abc");
  EXPECT_EQ(Shorten("abcd", 3), "ab…");
  EXPECT_EQ(Shorten("äöü", 3), "äöü");
  EXPECT_EQ(Shorten("äöüß", 3), "äö…");
  EXPECT_EQ(Shorten("🙂🙂", 4), "🙂🙂");
  EXPECT_EQ(Shorten("🙂🙂", 3), "🙂…");
  EXPECT_EQ(Shorten("a", 0), "");
}

TEST(RedactTest, TakesOutEveryOccurrenceLongestFirst) {
  EXPECT_EQ(Redacted("see /hook/T0/abcdef?x and abcdef", {"abcdef", "/hook/T0/abcdef"}),
            "see ***?x and ***");
  EXPECT_EQ(Redacted("a short one stays", {"a", "", "one"}), "a short one stays");
}

TEST(WebUrlTest, ShowsTheOriginAlone) {
  const Result<WebUrl> url = ParseWebUrl("https://user:pass@hooks.example.com:8443/T0/secret?k=v");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(url->origin, "https://hooks.example.com:8443");
  EXPECT_EQ(url->secret, "/T0/secret?k=v");
  EXPECT_EQ(ParseWebUrl("https://example.com")->secret, "");
}

TEST(WebUrlTest, ClearTextGoesToThisMachineOnly) {
  for (const char* good : {"http://localhost:9/x", "http://127.0.0.1/x", "http://[::1]:80/"}) {
    EXPECT_TRUE(ParseWebUrl(good)) << good;
  }
  for (const char* bad : {"http://example.com/x", "http://127.0.0.1.example.com/",
                          "http://localhost.example.com/", "http://user@example.com/",
                          "http://127.0.0.1@example.com/", "ftp://localhost/", "file:///etc/passwd",
                          "smtp://localhost/", "secret-token", "", "https://", "//localhost/x"}) {
    const Result<WebUrl> url = ParseWebUrl(bad);
    ASSERT_FALSE(url) << bad;
    EXPECT_EQ(url.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(url.error().message, Not(HasSubstr("secret")));
    EXPECT_THAT(url.error().message, Not(HasSubstr("user")));
  }
}

TEST(WebUrlTest, EscapesASegment) {
  EXPECT_EQ(EscapeSegment("!ops/x:example.com"), "%21ops%2fx%3aexample.com");
}

}  // namespace
}  // namespace matic::notify

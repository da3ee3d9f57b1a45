#include "lib/notify/mail.h"

#include <absl/strings/escaping.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace matic::notify {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

Email Channel() {
  Email channel;
  channel.host = "mail.example.com";
  channel.from = "agent@example.com";
  channel.to = {"ops@example.com", "on-call@example.com"};
  return channel;
}

Parcel Tell(const std::string& title) {
  Message message;
  message.title = title;
  message.node = "edge-7";
  message.body = "why";
  message.level = Level::kError;
  message.event = Event::kUpdateFailed;
  return {.id = "0a1b", .message = Cleaned(message), .left_out = 0};
}

// As a reader of RFC 2047 sees it.
std::string Decode(std::string header) {
  for (size_t at; (at = header.find("\r\n ")) != std::string::npos;) header.erase(at, 3);
  std::string decoded;
  while (!header.empty()) {
    EXPECT_TRUE(header.starts_with("=?UTF-8?B?")) << header;
    const size_t end = header.find("?=", 10);
    std::string word;
    EXPECT_TRUE(absl::Base64Unescape(header.substr(10, end - 10), &word));
    decoded += word;
    header.erase(0, end + 2);
  }
  return decoded;
}

TEST(MailTest, HasTheHeadersOfAMail) {
  const Result<Mail> mail = MakeMail(Tell("Update failed"), Channel());
  ASSERT_TRUE(mail) << mail.error().message;
  EXPECT_EQ(mail->port, 587);
  EXPECT_EQ(mail->headers[0], "From: agent@example.com");
  EXPECT_EQ(mail->headers[1], "To: ops@example.com,\r\n on-call@example.com");
  EXPECT_EQ(mail->headers[2], "Subject: edge-7: Update failed");
  EXPECT_EQ(mail->headers[3], "Date: Thu, 01 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(mail->headers[4], "Message-ID: <0a1b@example.com>");
  EXPECT_THAT(mail->headers, Contains("Auto-Submitted: auto-generated"));
  EXPECT_THAT(mail->headers, Contains("X-Matic-Event: update-failed"));
  EXPECT_THAT(mail->text, HasSubstr("why"));
}

TEST(MailTest, ThePortFollowsTheSecurity) {
  Email channel = Channel();
  channel.security = MailSecurity::kTls;
  EXPECT_EQ(MakeMail(Tell("x"), channel)->port, 465);
  channel.port = 2525;
  EXPECT_EQ(MakeMail(Tell("x"), channel)->port, 2525);
}

TEST(MailTest, ATitleCannotAddAHeader) {
  const Result<Mail> mail = MakeMail(Tell("x\r\nBcc: evil@example.com\r\n\r\nbody"), Channel());
  EXPECT_EQ(mail->headers[2], "Subject: edge-7: x Bcc: evil@example.com body");
}

TEST(MailTest, ALongOrForeignTitleIsEncodedInShortLines) {
  for (const std::string& title :
       {std::string("Aktualisierung von slot-b gescheitert: größer als der Platz, 日本語 "
                    "🙂🙂🙂🙂"),
        std::string(150, 'a'), std::string("=?UTF-8?B?AAAA?="), std::string("ü")}) {
    const std::string encoded = EncodeHeader(title, 9);
    EXPECT_EQ(Decode(encoded), title);
    std::string rest = "Subject: " + encoded;
    while (!rest.empty()) {
      const size_t end = rest.find("\r\n");
      EXPECT_LE(rest.substr(0, end).size(), 76u);
      rest.erase(0, end == std::string::npos ? end : end + 2);
    }
  }
}

TEST(MailTest, AFullFirstLineIsFoldedAtOnce) {
  const std::string encoded = EncodeHeader("ü", 75);
  EXPECT_TRUE(encoded.starts_with("\r\n =?UTF-8?B?")) << encoded;
  EXPECT_EQ(Decode(encoded), "ü");
}

TEST(MailTest, AddressesAreBareOnes) {
  for (const char* good : {"a@b", "ops+matic@mail.example.com", "o'neil@example.com"}) {
    EXPECT_TRUE(IsMailAddress(good)) << good;
  }
  for (const char* bad :
       {"", "a", "@b", "a@", "a@b@c", "a b@c", "<a@b>", "A <a@b>", "a@b\r\nRCPT TO:<x@y>", "a@b>",
        "a\"@b", "a@b,c@d", "-f@b", "ü@b", "a@ü"}) {
    EXPECT_FALSE(IsMailAddress(bad)) << bad;
    Email channel = Channel();
    channel.to.push_back(bad);
    const Result<Mail> mail = MakeMail(Tell("x"), channel);
    ASSERT_FALSE(mail) << bad;
    EXPECT_EQ(mail.error().code, ErrorCode::kInvalidArgument);
  }
  Email nobody = Channel();
  nobody.to.clear();
  EXPECT_FALSE(MakeMail(Tell("x"), nobody));
}

}  // namespace
}  // namespace matic::notify

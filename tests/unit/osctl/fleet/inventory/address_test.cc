#include "osctl/fleet/inventory/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace matic::fleet {
namespace {

using testing::StartsWith;

TEST(Address, IsTakenInEveryForm) {
  const struct {
    const char* text;
    Address address;
    const char* shown;
  } cases[] = {
      {"web-1.example.com", TlsAddress{"web-1.example.com", 50051}, "web-1.example.com:50051"},
      {"10.0.0.7:6000", TlsAddress{"10.0.0.7", 6000}, "10.0.0.7:6000"},
      {"fd00::7", TlsAddress{"fd00::7", 50051}, "[fd00::7]:50051"},
      {"[fd00::7]:6000", TlsAddress{"fd00::7", 6000}, "[fd00::7]:6000"},
      {"ssh://nas", SshAddress{.user = "", .host = "nas"}, "ssh://nas"},
      {"ssh://root@nas.lan:2222", SshAddress{.user = "root", .host = "nas.lan", .port = 2222},
       "ssh://root@nas.lan:2222"},
      {"ssh://root@[fd00::7]", SshAddress{.user = "root", .host = "fd00::7"},
       "ssh://root@[fd00::7]"},
      {"ssh://nas/srv/agent.sock",
       SshAddress{.user = "", .host = "nas", .port = 0, .socket = "/srv/agent.sock"},
       "ssh://nas/srv/agent.sock"},
      {"unix:///run/matic/agent.sock", LocalAddress{}, "unix:///run/matic/agent.sock"},
  };
  for (const auto& [text, address, shown] : cases) {
    const auto parsed = ParseAddress(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(*parsed, address) << text;
    EXPECT_EQ(FormatAddress(*parsed), shown);
    EXPECT_EQ(*ParseAddress(shown), address) << shown;
  }
}

TEST(Address, WhatIsNoneIsRefused) {
  for (const std::string text : {
           "",
           " ",
           "web 1",
           "web:0",
           "web:65536",
           "web:x",
           "web:",
           ":50051",
           "fd00::7:99999",
           "[fd00::7",
           "[web]:1",
           "http://web",
           "ssh://",
           "ssh://@nas",
           "ssh://root@",
           "ssh://nas:0",
           "ssh://a b@nas",
           "unix://",
           "unix://agent.sock",
           "ssh://nas/a b",
       }) {
    const auto parsed = ParseAddress(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().message, StartsWith("must be HOST[:PORT]"));
  }
}

// ssh takes what begins with '-' for an option of its own, and some of those run programs.
TEST(Address, NoneIsAnOptionOfSsh) {
  for (const std::string text : {"-oProxyCommand=x", "ssh://-oProxyCommand=x", "ssh://-l@nas",
                                 "ssh://root@-oProxyCommand=x", "ssh://root@-F"}) {
    EXPECT_FALSE(ParseAddress(text)) << text;
  }
}

}  // namespace
}  // namespace matic::fleet

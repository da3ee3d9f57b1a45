#include "lib/base/host_port.h"

#include <gtest/gtest.h>

#include "tests/fakes/broken_text.h"

namespace matic {
namespace {

TEST(HostPortTest, TakesWhatPeopleType) {
  const struct {
    const char* text;
    HostPort place;
    const char* shown;
  } cases[] = {
      {"edge-7", {"edge-7"}, "edge-7"},
      {"edge-7.example.com:443", {"edge-7.example.com", 443}, "edge-7.example.com:443"},
      {"10.0.2.15:50052", {"10.0.2.15", 50052}, "10.0.2.15:50052"},
      {"a_b:1", {"a_b", 1}, "a_b:1"},
      {"edge:65535", {"edge", 65535}, "edge:65535"},
      {"[fe80::1]:50052", {"fe80::1", 50052}, "[fe80::1]:50052"},
      {"[fe80::1%eth0]:80", {"fe80::1%eth0", 80}, "[fe80::1%eth0]:80"},
      {"[::1]", {"::1"}, "[::1]"},
      {"fe80::1", {"fe80::1"}, "[fe80::1]"},
      {"::ffff:10.0.0.1", {"::ffff:10.0.0.1"}, "[::ffff:10.0.0.1]"},
  };
  for (const auto& [text, place, shown] : cases) {
    const auto parsed = ParseHostPort(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(*parsed, place) << text;
    EXPECT_EQ(parsed->ToString(), shown);
    EXPECT_EQ(*ParseHostPort(shown), place) << shown;
  }
}

TEST(HostPortTest, RefusesTheRest) {
  for (const std::string& text : {std::string(""),
                                  std::string(":50051"),
                                  std::string("host:"),
                                  std::string("host:0"),
                                  std::string("host:65536"),
                                  std::string("host:12x"),
                                  std::string("host:+1"),
                                  std::string("[::1"),
                                  std::string("[::1]50051"),
                                  std::string("[::1]:"),
                                  std::string("[]:80"),
                                  std::string("[host]:80"),
                                  std::string("[127.0.0.1]:80"),
                                  std::string("fe80::1::2"),
                                  std::string("fe80::1:99999"),
                                  std::string("fe80::1%"),
                                  std::string("fe80::1%a/b"),
                                  std::string("a:b:80"),
                                  std::string("two words"),
                                  std::string("dns:///x"),
                                  std::string("host/path"),
                                  std::string("-x:80"),
                                  std::string("a\0b", 3),
                                  std::string("::1\0", 4),
                                  std::string(254, 'a')}) {
    const auto parsed = ParseHostPort(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument) << text;
  }
}

TEST(HostPortTest, SaysWhatIsWrong) {
  EXPECT_EQ(ParseHostPort("edge:70000").error().message,
            "'edge:70000': the port '70000' is not a number from 1 to 65535");
  EXPECT_EQ(ParseHostPort("[::1").error().message, "'[::1': ']' is missing");
  EXPECT_EQ(ParseHostPort("a b").error().message, "'a b' is not HOST or HOST:PORT");
}

TEST(HostPortTest, BrokenTextIsUnderstoodOrRefused) {
  for (const char* good : {"edge-7.example.com:50051", "[::1]:50051", "127.0.0.1"}) {
    for (const std::string& text : fakes::Broken(good, 5000)) {
      const auto place = ParseHostPort(text);
      if (!place) continue;
      const auto again = ParseHostPort(place->ToString());
      ASSERT_TRUE(again) << text.substr(0, 200);
      EXPECT_EQ(*again, *place);
    }
  }
}

}  // namespace
}  // namespace matic

#include "lib/rpc/channel.h"

#include <gtest/gtest.h>

namespace matic::rpc {
namespace {

struct Case {
  std::string text;
  std::string host;
  uint16_t port;
  std::string shown;
};

TEST(HostPortTest, TakesWhatPeopleType) {
  const Case cases[] = {
      {"edge-7", "edge-7", 50051, "edge-7:50051"},
      {"edge-7.example.com:443", "edge-7.example.com", 443, "edge-7.example.com:443"},
      {"10.0.2.15:50052", "10.0.2.15", 50052, "10.0.2.15:50052"},
      {"[fe80::1]:50052", "fe80::1", 50052, "[fe80::1]:50052"},
      {"[::1]", "::1", 50051, "[::1]:50051"},
      {"fe80::1", "fe80::1", 50051, "[fe80::1]:50051"},
  };
  for (const Case& c : cases) {
    const auto address = ParseHostPort(c.text);
    ASSERT_TRUE(address) << c.text << ": " << address.error().message;
    EXPECT_EQ(address->host, c.host);
    EXPECT_EQ(address->port, c.port);
    EXPECT_EQ(address->ToString(), c.shown);
  }
}

TEST(HostPortTest, RefusesTheRest) {
  for (const char* text : {"", ":50051", "host:", "host:0", "host:65536", "host:12x", "[::1",
                           "[::1]50051", "two words", "dns:///x", "host/path"}) {
    const auto address = ParseHostPort(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, ErrorCode::kInvalidArgument) << text;
  }
}

TEST(UnixChannelTest, SaysWhatIsWrongWithTheSocket) {
  const auto missing = OpenUnixChannel("/nonexistent/agent.sock");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().message,
            "cannot connect to /nonexistent/agent.sock: No such file or directory");
  const auto too_long = OpenUnixChannel(std::string(200, 'x'));
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace matic::rpc

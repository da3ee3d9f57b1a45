#include "lib/rpc/channel.h"

#include <gtest/gtest.h>

namespace matic::rpc {
namespace {

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

#include "lib/exposition/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace matic::exposition {
namespace {

using testing::StartsWith;

TEST(Listener, HasItsPortForItself) {
  const auto nothing = [] { return std::vector<Family>(); };
  const auto first = Listener::Open("127.0.0.1:0", 1, nothing);
  ASSERT_TRUE(first) << first.error().message;
  const std::string address = "127.0.0.1:" + std::to_string((*first)->port());
  const auto second = Listener::Open(address, 1, nothing);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message, StartsWith("cannot listen on " + address + ": "));
}

}  // namespace
}  // namespace matic::exposition

#include "lib/base/replaceable.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace matic {
namespace {

TEST(ReplaceableTest, WhoHoldsAValueKeepsItWhenAnotherTakesItsPlace) {
  Replaceable<std::string> value("before");
  const auto held = value.Get();
  value.Replace("after");
  EXPECT_EQ(*held, "before");
  EXPECT_EQ(*value.Get(), "after");
  EXPECT_EQ(value->size(), 5u);
}

TEST(ReplaceableTest, AValueIsNeverSeenHalfReplaced) {
  Replaceable<std::vector<int>> value(std::vector<int>(1000, 0));
  std::atomic<bool> mixed = false;
  {
    const std::jthread reader([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        const auto now = value.Get();
        for (const int number : *now) mixed = mixed || number != now->front();
      }
    });
    for (int i = 1; i <= 2000; ++i) value.Replace(std::vector<int>(1000, i));
  }
  EXPECT_FALSE(mixed);
  EXPECT_EQ(value->front(), 2000);
}

}  // namespace
}  // namespace matic

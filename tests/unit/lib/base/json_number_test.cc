#include "lib/base/json_number.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace matic {
namespace {

using nlohmann::json;

TEST(JsonNumber, IsTakenWhereTheTypeHoldsIt) {
  EXPECT_EQ(WholeNumber<uint32_t>(json::parse("4294967295")), 4294967295u);
  EXPECT_EQ(WholeNumber<int64_t>(json::parse("-9223372036854775808")), INT64_MIN);
  EXPECT_EQ(WholeNumber<uint64_t>(json::parse("18446744073709551615")), UINT64_MAX);
  EXPECT_EQ(WholeNumber(json::parse("{\"a\": 7}"), "a", 3), 7);
  EXPECT_EQ(WholeNumber(json::parse("{\"a\": 7}"), "b", 3), 3);
  EXPECT_EQ(WholeNumbers<size_t>(json::parse("[1, 0]")), (std::vector<size_t>{1, 0}));
}

TEST(JsonNumber, IsRefusedWhereItWouldBecomeAnother) {
  for (const char* text : {"4294967296", "-1", "1.0", "1e30", "18446744073709551615", "\"1\"",
                           "null", "true", "[1]"}) {
    EXPECT_THROW(WholeNumber<uint32_t>(json::parse(text)), json::exception) << text;
  }
  EXPECT_THROW(WholeNumber<int64_t>(json::parse("9223372036854775808")), json::exception);
  EXPECT_THROW(WholeNumbers<size_t>(json::parse("[1, -1]")), json::exception);
  EXPECT_THROW(WholeNumbers<size_t>(json::parse("{}")), json::exception);
}

}  // namespace
}  // namespace matic

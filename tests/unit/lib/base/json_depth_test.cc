#include "lib/base/json_depth.h"

#include <gtest/gtest.h>

#include <string>

namespace matic {
namespace {

TEST(JsonDepth, CountsWhatIsOpenAtOnce) {
  EXPECT_EQ(JsonDepth(""), 0u);
  EXPECT_EQ(JsonDepth("7"), 0u);
  EXPECT_EQ(JsonDepth("{}"), 1u);
  EXPECT_EQ(JsonDepth(R"({"a": [1, {"b": []}], "c": [[]]})"), 4u);
  EXPECT_EQ(JsonDepth("[][][]"), 1u);
  EXPECT_EQ(JsonDepth("]]]["), 1u);
}

TEST(JsonDepth, BracketsOfTextsCountNothing) {
  EXPECT_EQ(JsonDepth(R"(["[[[{", "\"[["])"), 1u);
  EXPECT_EQ(JsonDepth(R"(["\\", [1]])"), 2u);
  EXPECT_EQ(JsonDepth("\"[[["), 0u);
  EXPECT_EQ(JsonDepth("\"\\"), 0u);
}

}  // namespace
}  // namespace matic

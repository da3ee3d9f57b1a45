#include "lib/base/names.h"

#include <gtest/gtest.h>

namespace matic {
namespace {

enum class Tea { kGreen, kBlack, kNone };
constexpr Names<Tea, 2> kTeas{{{Tea::kGreen, "green"}, {Tea::kBlack, "black"}}};

TEST(Names, AreReadInBothDirections) {
  EXPECT_EQ(NameIn(kTeas, Tea::kBlack), "black");
  EXPECT_EQ(ValueIn(kTeas, "green"), Tea::kGreen);
}

TEST(Names, WhatIsNotThereIsTold) {
  EXPECT_EQ(NameIn(kTeas, Tea::kNone), "");
  EXPECT_EQ(ValueIn(kTeas, "coffee"), std::nullopt);
  EXPECT_EQ(ValueIn(kTeas, ""), std::nullopt);
}

}  // namespace
}  // namespace matic

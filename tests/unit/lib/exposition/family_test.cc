#include "lib/exposition/family.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace matic::exposition {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Exposition, IsTextInTheEnd) {
  Exposition out("tea_", {{"shop", "north"}});
  out.Gauge("pots", "On the stove.").Add(2, {{"kind", "green"}}).Add(1, {{"kind", "black"}});
  out.Counter("cups_total", "Poured.").Add(7);
  out.Summary("steep_seconds", "Of a pot.").AddSum(3, 540.5, {});
  const std::string text = Text(out.Take());
  EXPECT_THAT(text, HasSubstr("# HELP tea_pots On the stove.\n# TYPE tea_pots gauge\n"));
  EXPECT_THAT(text, HasSubstr("tea_pots{shop=\"north\",kind=\"green\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("tea_pots{shop=\"north\",kind=\"black\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE tea_cups_total counter\n"));
  EXPECT_THAT(text, HasSubstr("tea_cups_total{shop=\"north\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("tea_steep_seconds_count{shop=\"north\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("tea_steep_seconds_sum{shop=\"north\"} 540.5"));
}

TEST(Exposition, WhatHasNoValueIsLeftOut) {
  Exposition out("tea_");
  out.Gauge("pots", "On the stove.");
  out.Gauge("cups", "On the table.").Add(4);
  const std::vector<Family> families = out.Take();
  ASSERT_EQ(families.size(), 1u);
  EXPECT_EQ(families[0].name, "tea_cups");
}

TEST(Exposition, ALabelIsShortUtf8) {
  Exposition out("tea_");
  out.Gauge("pots", "On the stove.").Add(1, {{"kind", "gr\xff" + std::string(1000, 'n')}});
  const std::string label = out.Take().at(0).samples.at(0).labels.at(0).second;
  EXPECT_LT(label.size(), 300u);
  EXPECT_THAT(label, HasSubstr("gr\uFFFDnn"));
  EXPECT_THAT(label, Not(HasSubstr("\xff")));
}

}  // namespace
}  // namespace matic::exposition

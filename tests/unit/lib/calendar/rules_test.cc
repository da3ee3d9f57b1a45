#include "lib/calendar/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace matic::calendar {
namespace {

using ::testing::StartsWith;

RulesText EveryField() {
  RulesText text;
  text.timezone = "Europe/Berlin";
  text.windows = {"Sat,Sun 02:00-05:00", "Wed 22:00-04:00"};
  text.download_windows = {"20:00-24:00"};
  text.install_windows = {"00:00-24:00"};
  text.reboot_windows = {"Sun 03:00-04:00"};
  text.at = "2026-12-01T02:00:00Z";
  text.not_before = "2026-11-01T02:00:00Z";
  text.not_after = "2027-03-01T00:00:00Z";
  text.blackouts = {"2026-12-24..2027-01-02", "2027-02-01"};
  text.random_delay = "30m";
  text.minimum_uptime = "10m";
  text.emergency = true;
  return text;
}

TEST(Rules, AreTheSameAsTexts) {
  const auto rules = ParseRules(EveryField());
  ASSERT_TRUE(rules) << rules.error().message;
  EXPECT_EQ(FormatRules(*rules), EveryField());
  EXPECT_EQ(*ParseRules({}), Rules{});
  EXPECT_EQ(FormatRules({}), RulesText{});
}

TEST(Rules, ATimeIsOfTheirZone) {
  const Rules rules = *ParseRules({.timezone = "Asia/Kathmandu", .at = "2026-12-01 03:00"});
  EXPECT_EQ(matic::FormatTime(*rules.at), "2026-11-30T21:15:00Z");
}

TEST(Rules, RefusalsNameTheField) {
  struct Row {
    RulesText text;
    std::string error;
  };
  const std::vector<std::string> many(1000, "02:00-05:00");
  for (const Row& row : std::vector<Row>{
           {{.timezone = "Berlin"}, "timezone: unknown time zone 'Berlin'"},
           {{.windows = {"02:00-05:00", "x"}}, "window: 'x': not a span of times"},
           {{.windows = many}, "window: is given 1000 times; at most 64"},
           {{.download_windows = {"x"}}, "download-window: 'x'"},
           {{.install_windows = {"x"}}, "install-window: 'x'"},
           {{.reboot_windows = {""}}, "reboot-window: ''"},
           {{.at = "soon"}, "at: not a time: 'soon'"},
           {{.not_before = "soon"}, "not-before: not a time"},
           {{.not_after = "soon"}, "not-after: not a time"},
           {{.at = "2026-12-02 00:00", .not_after = "2026-12-01 00:00"}, "at: Wed 2026-12-02"},
           {{.not_before = "2026-12-01 00:00", .not_after = "2026-12-01 00:00"},
            "not-before: Tue 2026-12-01"},
           {{.blackouts = {"Christmas"}}, "blackout: not a date: 'Christmas'"},
           {{.blackouts = std::vector<std::string>(401, "2026-12-24")}, "blackout: is given 401"},
           {{.random_delay = "long"}, "random-delay: not a duration: 'long'"},
           {{.random_delay = "73h"}, "random-delay: is more than 72h"},
           {{.minimum_uptime = "721h"}, "min-uptime: is more than 720h"},
       }) {
    const auto rules = ParseRules(row.text);
    ASSERT_FALSE(rules) << row.error;
    EXPECT_EQ(rules.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(rules.error().message, StartsWith(row.error));
  }
}

TEST(Rules, FromElsewhereAreChecked) {
  using std::chrono::minutes;
  const Window good = *ParseWindow("02:00-05:00");
  EXPECT_TRUE(CheckRules({.windows = {good}}));
  EXPECT_FALSE(CheckRules({.windows = {{{}, minutes(0), minutes(60)}}})) << "on no weekday";
  EXPECT_FALSE(CheckRules({.windows = {{127, minutes(-1), minutes(60)}}}));
  EXPECT_FALSE(CheckRules({.windows = {{127, minutes(1440), minutes(1450)}}}));
  EXPECT_FALSE(CheckRules({.windows = {{127, minutes(60), minutes(60)}}}));
  EXPECT_FALSE(CheckRules({.windows = {{127, minutes(60), minutes(60 + 1441)}}}));
  EXPECT_FALSE(CheckRules({.at = WallTime::max()}));
  EXPECT_FALSE(CheckRules({.not_before = WallTime::min()}));
  EXPECT_FALSE(CheckRules({.blackouts = {DateRange{}}}));
  EXPECT_FALSE(CheckRules({.random_delay = std::chrono::seconds(-1)}));
  EXPECT_FALSE(CheckRules({.minimum_uptime = std::chrono::seconds::max()}));
}

}  // namespace
}  // namespace matic::calendar

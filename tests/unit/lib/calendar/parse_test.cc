// Every parser of texts that people write, with what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "lib/calendar/moment.h"
#include "lib/calendar/rules.h"

namespace matic::calendar {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Shown {
  std::string given;
  std::string shown;
};

struct Refused {
  std::string given;
  std::string because;
};

TEST(Window, IsShownInOneForm) {
  for (const Shown& window : std::vector<Shown>{
           {"Sun,Sat 02:00-05:00", "Sat,Sun 02:00-05:00"},
           {"Mon-Fri 22:00-04:00", "Mon-Fri 22:00-04:00"},
           {"monday 2:05-3:00", "Mon 02:05-03:00"},
           {"  WED   02:00-05:00 ", "Wed 02:00-05:00"},
           {"02:00-05:00", "02:00-05:00"},
           {"Mon-Sun 02:00-05:00", "02:00-05:00"},
           {"00:00-24:00", "00:00-24:00"},
           {"20:00-00:00", "20:00-24:00"},
           {"Fri-Mon 00:00-24:00", "Mon,Fri-Sun 00:00-24:00"},
           {"Tue-Tue,Thu,Thursday 00:00-00:01", "Tue,Thu 00:00-00:01"},
           {"12:00-11:59", "12:00-11:59"},
       }) {
    const auto parsed = ParseWindow(window.given);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(FormatWindow(*parsed), window.shown) << window.given;
    EXPECT_EQ(*ParseWindow(window.shown), *parsed) << window.given;
  }
}

TEST(Window, OverMidnightEndsOnTheNextDay) {
  const Window window = *ParseWindow("Mon 22:00-04:30");
  EXPECT_EQ(window.weekdays.to_ulong(), 1u);
  EXPECT_EQ(window.begin, std::chrono::hours(22));
  EXPECT_EQ(window.end, std::chrono::minutes(28 * 60 + 30));
}

TEST(Window, RefusalsNameThePart) {
  for (const Refused& window : std::vector<Refused>{
           {"", "give weekdays and times"},
           {"   ", "give weekdays and times"},
           {"Sat", "not a span of times: 'Sat'"},
           {"Son 02:00-05:00", "no such weekday: 'Son'"},
           {"Sat, 02:00-05:00", "no such weekday: ''"},
           {"Sat,Sun,, 02:00-05:00", "no such weekday: ''"},
           {"Mon-Wed-Fri 02:00-05:00", "no such weekday: 'Wed-Fri'"},
           {"Sat Sun 02:00-05:00", "give weekdays and times"},
           {"02:00", "not a span of times: '02:00'"},
           {"02:00-03:00-04:00", "not a span of times"},
           {"2-5", "not a time of day: '2'"},
           {"02:0-05:00", "not a time of day: '02:0'"},
           {"02:60-05:00", "not a time of day: '02:60'"},
           {"25:00-05:00", "not a time of day: '25:00'"},
           {"02:00-24:01", "not a time of day: '24:01'"},
           {"+2:00-05:00", "not a time of day: '+2:00'"},
           {"02:+1-05:00", "not a time of day: '02:+1'"},
           {"02:00:00-05:00", "not a time of day: '02:00:00'"},
           {"-02:00-05:00", "not a span of times"},
           {"24:00-05:00", "begins at 24:00"},
           {"05:00-05:00", "the whole day is 00:00-24:00"},
           {"Sat\t02:00-05:00", "not a time of day: 'Sat?02:00'"},
           {std::string("02:00\0-05:00", 12), "not a time of day"},
           {std::string(100000, ','), "is longer than any window"},
       }) {
    const auto parsed = ParseWindow(window.given);
    ASSERT_FALSE(parsed) << window.given;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(parsed.error().message, HasSubstr(window.because)) << window.given;
    EXPECT_LT(parsed.error().message.size(), 400u);
  }
}

TEST(DateRange, IsOneDayOrSeveral) {
  for (const std::string text : {"2026-12-24", "2026-12-24..2027-01-02", "2024-02-29", "1970-01-01",
                                 "2199-12-31", "2028-01-01..2028-12-31"}) {
    const auto parsed = ParseDateRange(text);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(FormatDateRange(*parsed), text);
  }
  EXPECT_EQ(FormatDateRange(*ParseDateRange("2026-12-24..2026-12-24")), "2026-12-24");
}

TEST(DateRange, RefusalsNameThePart) {
  for (const Refused& dates : std::vector<Refused>{
           {"", "not a date: ''"},
           {"24.12.2026", "not a date: '24.12.2026'"},
           {"2026-13-01", "not a date: '2026-13-01'"},
           {"2026-02-29", "not a date: '2026-02-29'"},
           {"2026-1-1", "not a date"},
           {"-026-01-01", "not a date"},
           {"1969-12-31", "from 1970 to 2199"},
           {"2200-01-01", "from 1970 to 2199"},
           {"2026-12-24..", "not a date: ''"},
           {"..2026-12-24", "not a date: ''"},
           {"2026-12-24...2026-12-25", "not a date: '.2026-12-25'"},
           {"2026-12-24..2026-12-25..2026-12-26", "not a date"},
           {"2026-12-24..2026-12-23", "ends before it begins"},
           {"2026-12-24..2062-01-02", "longer than 366 days"},
           {"2026-12-24 ", "not a date"},
           {std::string(1000000, '2'), "not a date: '2222"},
       }) {
    const auto parsed = ParseDateRange(dates.given);
    ASSERT_FALSE(parsed) << dates.given;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(parsed.error().message, HasSubstr(dates.because)) << dates.given;
    EXPECT_LT(parsed.error().message.size(), 400u);
  }
}

TEST(Time, OfTheZoneOrWithItsOwnOffset) {
  for (const Shown& time : std::vector<Shown>{
           {"2026-12-01 03:00", "2026-12-01T02:00:00Z"},
           {"2026-12-01T03:00", "2026-12-01T02:00:00Z"},
           {"2026-07-01 03:00:07", "2026-07-01T01:00:07Z"},
           {"2026-12-01T03:00:00Z", "2026-12-01T03:00:00Z"},
           {"2026-12-01T03:00:00-05:00", "2026-12-01T08:00:00Z"},
           {"2026-03-29 02:30", "2026-03-29T01:00:00Z"},  // skipped: from 02:00 to 03:00
           {"2026-10-25 02:30", "2026-10-25T00:30:00Z"},  // comes twice
       }) {
    const auto parsed = ParseTime(time.given, "Europe/Berlin");
    ASSERT_TRUE(parsed) << time.given << ": " << parsed.error().message;
    EXPECT_EQ(matic::FormatTime(*parsed), time.shown) << time.given;
  }
}

TEST(Time, RefusesTheRest) {
  for (const std::string& text : std::vector<std::string>{
           "", "now", "tomorrow", "infinite-future", "infinite-past", "2026-12-01", "03:00",
           "2026-12-01 25:00", "2026-12-01 03:00 CET", "2026-12-01T03:00:00+99:00",
           "20261201T030000Z", "99999-12-01 03:00", "-026-12-01 03:00", "1969-12-31 23:59",
           "2200-01-01 00:00", "2026-02-30 03:00", "2026-12-01  ", std::string(1000000, '1'),
           "2026-12-01 " + std::string(100000, '0')}) {
    const auto parsed = ParseTime(text, "Europe/Berlin");
    ASSERT_FALSE(parsed) << text << " is " << matic::FormatTime(*parsed);
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(parsed.error().message, HasSubstr("not a time: '"));
    EXPECT_LT(parsed.error().message.size(), 400u);
  }
}

TEST(Time, IsShownAsTheZonesClocksDo) {
  const WallTime time = *matic::ParseTime("2026-12-05T01:00:00Z");
  EXPECT_EQ(FormatTime(time, "Europe/Berlin"), "Sat 2026-12-05 02:00 CET");
  EXPECT_EQ(FormatTime(time, "No/Where"), "Sat 2026-12-05 01:00 UTC");
}

TEST(TimeZone, OnlyThoseOfTheSystem) {
  for (const std::string zone : {"", "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires",
                                 "Etc/GMT+5", "Australia/Lord_Howe"}) {
    EXPECT_TRUE(CheckZone(zone)) << zone;
  }
  for (const std::string& zone : std::vector<std::string>{
           "Europe/Berlinn", "europe berlin", "CEST!", "/etc/passwd", "file:/etc/localtime",
           "../../../etc/localtime", "/usr/share/zoneinfo/Europe/Berlin", "zone.tab",
           std::string(100000, 'A'), std::string("UTC\0", 4)}) {
    const auto known = CheckZone(zone);
    ASSERT_FALSE(known) << zone;
    EXPECT_THAT(known.error().message, HasSubstr("unknown time zone '"));
    EXPECT_LT(known.error().message.size(), 400u);
  }
}

TEST(Duration, OfSecondsOrUnits) {
  for (const Shown& duration : std::vector<Shown>{{"0", "0s"},
                                                  {"90", "1m30s"},
                                                  {"90s", "1m30s"},
                                                  {"15m", "15m"},
                                                  {"1h30m", "1h30m"},
                                                  {"72h", "72h"},
                                                  {"0.5h", "30m"}}) {
    const auto parsed = ParseDuration(duration.given);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(FormatDuration(*parsed), duration.shown);
    EXPECT_EQ(*ParseDuration(duration.shown), *parsed);
  }
  for (const std::string& text : std::vector<std::string>{
           "", "-1", "-1s", "soon", "1d", "10 m", "inf", "-inf", "1.5", "0.1s", "1ns", "99999999h",
           "99999999999999999999", std::string(100000, '9')}) {
    EXPECT_FALSE(ParseDuration(text)) << text;
  }
}

// Texts of the parsers' own alphabets reach further into them than random bytes do.
TEST(Parsers, TakeOnlyWhatTheyShowAgain) {
  std::mt19937 random(20260127);
  const std::string alphabet = "MonTueSatSun,,--::..  00123459TZ+-\xff\n";
  size_t taken = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string text(random() % 24, ' ');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    if (i % 2 == 0) {  // one that is good, with up to two places changed
      text = i % 4 == 0 ? "Mon-Fri 22:00-04:00" : "2026-12-24..2027-01-02";
      for (int j = 0; j < 2; ++j)
        text[random() % text.size()] = alphabet[random() % alphabet.size()];
    }
    if (const auto window = ParseWindow(text)) {
      ++taken;
      ASSERT_EQ(*ParseWindow(FormatWindow(*window)), *window) << text;
    }
    if (const auto dates = ParseDateRange(text)) {
      ++taken;
      ASSERT_EQ(*ParseDateRange(FormatDateRange(*dates)), *dates) << text;
    }
    if (const auto duration = ParseDuration(text)) {
      ASSERT_EQ(*ParseDuration(FormatDuration(*duration)), *duration) << text;
    }
    if (const auto time = ParseTime(text, "UTC")) {
      ASSERT_EQ(*matic::ParseTime(matic::FormatTime(*time)), *time) << text;
    }
  }
  EXPECT_GT(taken, 1000u);
}

}  // namespace
}  // namespace matic::calendar

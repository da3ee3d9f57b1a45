// Every minute of a year in several zones, against the C library's clocks.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "lib/calendar/decide.h"
#include "lib/calendar/moment.h"
#include "tests/unit/lib/calendar/clocks.h"

namespace matic::calendar {
namespace {

using namespace std::chrono_literals;

constexpr int64_t kDay = 24 * 60;
constexpr int64_t kYear = 366 * kDay;

Decision Ask(const Rules& rules, WallTime now) {
  return Decide(rules, Step::kInstall, now, 1000h, "");
}

std::string Describe(const Rules& rules, WallTime now) {
  const RulesText text = FormatRules(rules);
  std::string words = rules.zone + " at " + matic::FormatTime(now) + ":";
  for (const std::string& window : text.windows) words += " " + window + ";";
  for (const std::string& dates : text.blackouts) words += " not " + dates + ";";
  return words;
}

// Decisions lead from one change to the next; every minute between two is compared, so that nothing
// is open or closed too long.
void Walk(const Rules& rules, const Clocks& clocks) {
  int64_t minute = 3 * kDay;  // what is open then began no earlier than the clocks are known
  while (minute < clocks.minutes()) {
    const WallTime now = clocks.At(minute);
    const Decision decision = Ask(rules, now);
    ASSERT_NE(decision.verdict, Verdict::kExpired) << Describe(rules, now);
    ASSERT_TRUE(!decision.until || *decision.until > now) << Describe(rules, now);
    const int64_t next = decision.until ? clocks.MinuteOf(*decision.until) : -1;
    const int64_t end = next == -1 ? clocks.minutes() : next;
    for (; minute < end; ++minute) {
      ASSERT_EQ(clocks.IsOpen(rules, minute), decision.open())
          << Describe(rules, clocks.At(minute)) << " as decided at " << matic::FormatTime(now);
    }
    if (next == -1) {
      ASSERT_TRUE(!decision.until || *decision.until >= clocks.At(clocks.minutes()))
          << Describe(rules, now) << " changes at " << matic::FormatTime(*decision.until);
    }
  }
}

// The same from wherever one asks: minute by minute where clocks change, at odd times elsewhere.
void AskEverywhere(const Rules& rules, const Clocks& clocks) {
  for (int64_t minute = 3 * kDay; minute < clocks.minutes(); ++minute) {
    if (!clocks.IsNearChange(minute) && minute % 1327 != 0) continue;
    const Decision decision = Ask(rules, clocks.At(minute));
    ASSERT_EQ(decision.open(), clocks.IsOpen(rules, minute)) << Describe(rules, clocks.At(minute));
    const int64_t next = decision.until ? clocks.MinuteOf(*decision.until) : -1;
    if (next == -1) continue;
    ASSERT_NE(clocks.IsOpen(rules, next), decision.open()) << Describe(rules, clocks.At(minute));
    ASSERT_EQ(clocks.IsOpen(rules, next - 1), decision.open())
        << Describe(rules, clocks.At(minute));
  }
}

class EveryMinute : public testing::TestWithParam<const char*> {
 protected:
  EveryMinute() : clocks_(GetParam(), *matic::ParseTime("2026-01-01T00:00:00Z"), kYear) {}

  Rules Parse(RulesText text) {
    text.timezone = GetParam();
    auto rules = ParseRules(text);
    EXPECT_TRUE(rules) << rules.error().message;
    return *rules;
  }

  const Clocks clocks_;
};

TEST_P(EveryMinute, OfWindowsThatMeetClockChanges) {
  for (const std::vector<std::string>& windows : std::vector<std::vector<std::string>>{
           {"02:00-05:00"},
           {"02:15-02:45"},
           {"01:00-02:30"},
           {"02:30-05:00"},
           {"01:45-02:15"},
           {"Sun 02:00-03:00"},
           {"Sat 22:00-04:00"},
           {"Sun,Sat 02:00-05:00"},
           {"Mon-Fri 22:00-04:00"},
           {"00:00-24:00"},
           {"Sun 00:00-24:00"},
           {"02:00-01:59"},
           {"Sun 01:30-02:10", "Sun 02:10-02:40", "02:50-03:10"},
       }) {
    Walk(Parse({.windows = windows}), clocks_);
    if (HasFatalFailure()) return;
  }
}

TEST_P(EveryMinute, FromWhereverOneAsks) {
  AskEverywhere(Parse({.windows = {"02:15-02:45", "Sat 22:00-04:00"}}), clocks_);
  if (HasFatalFailure()) return;
  AskEverywhere(Parse({.windows = {"01:30-02:30"}, .blackouts = {"2026-04-05", "2026-10-25"}}),
                clocks_);
}

TEST_P(EveryMinute, OfAnyWindowsAndBlackouts) {
  std::mt19937 random(20260127);
  const auto below = [&random](unsigned limit) { return static_cast<unsigned>(random() % limit); };
  for (int round = 0; round < 40; ++round) {
    Rules rules = Parse({});
    for (unsigned i = below(4); i > 0; --i) {
      const std::chrono::minutes begin(below(2) == 0 ? below(1440) : below(20) * 15);
      const std::chrono::minutes length(1 + (below(2) == 0 ? below(1440) : below(120)));
      const unsigned long weekdays = below(3) == 0 ? 127 : 1 + below(127);
      rules.windows.push_back({std::bitset<7>(weekdays), begin, begin + length});
    }
    for (unsigned i = below(4); i > 0; --i) {
      const std::chrono::sys_days first =
          std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) + std::chrono::days(below(365));
      const auto length = std::chrono::days(below(i == 1 ? 100 : 4));
      rules.blackouts.push_back({first, first + length});
    }
    ASSERT_TRUE(CheckRules(rules));
    Walk(rules, clocks_);
    if (HasFatalFailure()) return;
  }
}

// Australia/Lord_Howe moves by half an hour, Africa/Casablanca around Ramadan, and America/Santiago
// at midnight.
INSTANTIATE_TEST_SUITE_P(Zones, EveryMinute,
                         testing::Values("UTC", "Europe/Berlin", "America/New_York",
                                         "Australia/Lord_Howe", "Asia/Kathmandu",
                                         "Africa/Casablanca", "America/Santiago"),
                         [](const auto& zone) {
                           std::string name = zone.param;
                           std::replace(name.begin(), name.end(), '/', '_');
                           return name;
                         });

}  // namespace
}  // namespace matic::calendar

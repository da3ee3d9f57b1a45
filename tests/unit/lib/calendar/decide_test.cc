// What people wait for, why, and until when.
#include "lib/calendar/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "lib/calendar/moment.h"

namespace matic::calendar {
namespace {

using ::testing::StartsWith;
using namespace std::chrono_literals;

constexpr std::chrono::hours kLongUp{1000};
constexpr char kZone[] = "Europe/Berlin";

WallTime Berlin(std::string_view text) { return *ParseTime(text, kZone); }

Decision At(const Rules& rules, std::string_view now, Step step = Step::kInstall,
            std::string_view seed = "machine-1/sched-1") {
  return Decide(rules, step, Berlin(now), kLongUp, seed);
}

Rules InBerlin(RulesText text) {
  text.timezone = kZone;
  auto rules = ParseRules(text);
  EXPECT_TRUE(rules) << rules.error().message;
  return *rules;
}

// "closed until Sat 2026-12-05 02:00 CET: waits for …"
std::string Tell(const Decision& decision) {
  const std::string verdict = decision.verdict == Verdict::kOpen     ? "open"
                              : decision.verdict == Verdict::kClosed ? "closed"
                                                                     : "expired";
  const std::string until = decision.until ? " until " + FormatTime(*decision.until, kZone) : "";
  return verdict + until + ": " + decision.why;
}

TEST(Decide, WithoutRulesAtAnyTime) {
  EXPECT_EQ(Tell(At({}, "2026-12-01 12:00")), "open: no window is set");
}

TEST(Decide, AWindowOpensAndCloses) {
  const Rules rules = InBerlin({.windows = {"Sun,Sat 02:00-05:00"}});
  EXPECT_EQ(Tell(At(rules, "2026-12-04 12:00")),
            "closed until Sat 2026-12-05 02:00 CET: "
            "waits for the maintenance window Sat,Sun 02:00-05:00 (Europe/Berlin)");
  EXPECT_EQ(Tell(At(rules, "2026-12-05 02:00")),
            "open until Sat 2026-12-05 05:00 CET: "
            "in the maintenance window Sat,Sun 02:00-05:00 (Europe/Berlin)");
  EXPECT_TRUE(At(rules, "2026-12-05 04:59:59").open());
  EXPECT_EQ(At(rules, "2026-12-05 05:00").until, Berlin("2026-12-06 02:00"));
}

TEST(Decide, OverMidnightBelongsToTheDayItBeginsOn) {
  const Rules rules = InBerlin({.windows = {"Fri 22:00-04:00"}});
  EXPECT_EQ(At(rules, "2026-12-05 03:59").until, Berlin("2026-12-05 04:00"));
  EXPECT_TRUE(At(rules, "2026-12-05 03:59").open());
  EXPECT_FALSE(At(rules, "2026-12-04 03:59").open());
  EXPECT_EQ(At(rules, "2026-12-05 04:00").until, Berlin("2026-12-11 22:00"));
}

TEST(Decide, WindowsThatTouchAreOne) {
  const Rules rules =
      InBerlin({.windows = {"Sat 20:00-24:00", "Sun 00:00-02:00", "Sun 01:00-03:00"}});
  EXPECT_EQ(At(rules, "2026-12-05 21:00").until, Berlin("2026-12-06 03:00"));
  EXPECT_EQ(At(InBerlin({.windows = {"00:00-24:00"}}), "2026-12-05 21:00").until, std::nullopt);
}

TEST(Decide, AStepMayHaveItsOwnWindows) {
  const Rules rules = InBerlin({.windows = {"02:00-05:00"},
                                .download_windows = {"00:00-24:00"},
                                .reboot_windows = {"Sun 03:00-04:00"}});
  EXPECT_TRUE(At(rules, "2026-12-01 12:00", Step::kDownload).open());
  EXPECT_EQ(Tell(At(rules, "2026-12-01 12:00", Step::kInstall)),
            "closed until Wed 2026-12-02 02:00 CET: "
            "waits for the maintenance window 02:00-05:00 (Europe/Berlin)");
  EXPECT_EQ(Tell(At(rules, "2026-12-01 12:00", Step::kReboot)),
            "closed until Sun 2026-12-06 03:00 CET: "
            "waits for the reboot window Sun 03:00-04:00 (Europe/Berlin)");
}

TEST(Decide, ClocksThatGoForward) {  // 2026-03-29, from 02:00 to 03:00
  EXPECT_EQ(At(InBerlin({.windows = {"02:00-05:00"}}), "2026-03-29 01:00").until,
            Berlin("2026-03-29 03:00"));
  EXPECT_EQ(At(InBerlin({.windows = {"02:15-02:45"}}), "2026-03-29 01:00").until,
            Berlin("2026-03-30 02:15"))
      << "all of it is skipped, so it does not come";
  EXPECT_EQ(At(InBerlin({.windows = {"01:00-02:30"}}), "2026-03-29 01:00").until,
            Berlin("2026-03-29 03:00"));
}

TEST(Decide, ClocksThatGoBack) {  // 2026-10-25, from 03:00 to 02:00
  const WallTime first_two = *matic::ParseTime("2026-10-25T00:00:00Z");
  const Rules inside = InBerlin({.windows = {"02:10-02:50"}});
  const auto at = [&](std::chrono::minutes after) {
    return Decide(inside, Step::kInstall, first_two + after, kLongUp, "");
  };
  EXPECT_TRUE(at(10min).open());
  EXPECT_EQ(at(10min).until, first_two + 50min);
  EXPECT_FALSE(at(70min).open()) << "it comes once";
  EXPECT_EQ(at(70min).until, Berlin("2026-10-26 02:10"));
  const Rules around = InBerlin({.windows = {"02:00-05:00"}});
  EXPECT_EQ(Decide(around, Step::kInstall, first_two, kLongUp, "").until, first_two + 4h);
}

TEST(Decide, ABlackoutIsWholeDaysOfTheZone) {
  const Rules rules = InBerlin({.blackouts = {"2026-12-24..2027-01-02"}});
  EXPECT_EQ(At(rules, "2026-12-23 12:00").until, Berlin("2026-12-24 00:00"));
  EXPECT_EQ(
      Tell(At(rules, "2026-12-24 00:00")),
      "closed until Sun 2027-01-03 00:00 CET: blackout 2026-12-24..2027-01-02 (Europe/Berlin)");
  EXPECT_TRUE(At(rules, "2027-01-03 00:00").open());
}

TEST(Decide, ABlackoutClosesAWindow) {
  const Rules rules = InBerlin(
      {.windows = {"Sat 22:00-04:00"}, .blackouts = {"2026-12-06", "2026-12-12..2026-12-20"}});
  EXPECT_EQ(At(rules, "2026-12-05 23:00").until, Berlin("2026-12-06 00:00"));
  EXPECT_EQ(Tell(At(rules, "2026-12-08 12:00")),
            "closed until Sat 2026-12-26 22:00 CET: waits for the maintenance window Sat "
            "22:00-04:00 (Europe/Berlin); then blackout 2026-12-12..2026-12-20 (Europe/Berlin)");
  EXPECT_EQ(Tell(At(rules, "2026-12-14 12:00")),
            "closed until Sat 2026-12-26 22:00 CET: blackout 2026-12-12..2026-12-20 "
            "(Europe/Berlin); waits for the maintenance window Sat 22:00-04:00 (Europe/Berlin)");
}

TEST(Decide, AtAndNotBeforeComeFirst) {
  Rules rules = InBerlin({.at = "2026-12-01 03:00"});
  EXPECT_EQ(Tell(At(rules, "2026-11-30 12:00")),
            "closed until Tue 2026-12-01 03:00 CET: is due at Tue 2026-12-01 03:00 CET");
  EXPECT_TRUE(At(rules, "2026-12-01 03:00").open());
  rules = InBerlin({.windows = {"Sat 02:00-05:00"}, .not_before = "2030-06-01 03:00"});
  EXPECT_EQ(
      Tell(At(rules, "2026-11-30 12:00")),
      "closed until Sat 2030-06-01 03:00 CEST: may not begin before Sat 2030-06-01 03:00 CEST");
  EXPECT_TRUE(At(rules, "2030-06-01 03:00").open());
}

TEST(Decide, AtPassesWindowsByButNotBlackouts) {
  const Rules rules = InBerlin(
      {.windows = {"Sat 02:00-05:00"}, .at = "2026-12-23 14:00", .blackouts = {"2026-12-24"}});
  EXPECT_FALSE(At(rules, "2026-12-05 03:00").open());
  EXPECT_EQ(Tell(At(rules, "2026-12-23 15:00")),
            "open until Thu 2026-12-24 00:00 CET: was due at Wed 2026-12-23 14:00 CET");
  EXPECT_EQ(At(rules, "2026-12-24 15:00").until, Berlin("2026-12-25 00:00"));
}

TEST(Decide, NotAfterEndsIt) {
  const Rules rules = InBerlin({.windows = {"Sat 02:00-05:00"}, .not_after = "2026-12-12 03:00"});
  EXPECT_EQ(At(rules, "2026-12-12 02:30").until, Berlin("2026-12-12 03:00"));
  EXPECT_EQ(Tell(At(rules, "2026-12-12 03:00")),
            "expired: not-after Sat 2026-12-12 03:00 CET has passed");
  const Rules hopeless =
      InBerlin({.windows = {"Sat 02:00-05:00"}, .not_after = "2026-12-04 12:00"});
  EXPECT_EQ(Tell(At(hopeless, "2026-12-01 12:00")),
            "expired: the maintenance window Sat 02:00-05:00 (Europe/Berlin) does not come before "
            "not-after Fri 2026-12-04 12:00 CET");
}

TEST(Decide, AWindowThatNeverComes) {
  const Rules rules = InBerlin({.windows = {"Sat 02:00-05:00"},
                                .blackouts = {"2026-01-01..2026-12-31", "2027-01-01..2027-12-31"}});
  EXPECT_EQ(Tell(At(rules, "2026-06-01 12:00")),
            "expired: the maintenance window Sat 02:00-05:00 (Europe/Berlin) does not come outside "
            "of blackouts within a year");
  EXPECT_EQ(At(rules, "2026-12-29 12:00").until, Berlin("2028-01-01 02:00"));
}

TEST(Decide, TheMachineMustHaveBeenUp) {
  const Rules rules = InBerlin({.minimum_uptime = "10m"});
  const WallTime now = Berlin("2026-12-01 12:00");
  const Decision early = Decide(rules, Step::kDownload, now, 3min, "");
  EXPECT_EQ(Tell(early),
            "closed until Tue 2026-12-01 12:07 CET: the machine is up for 3m, and must be for 10m");
  EXPECT_TRUE(Decide(rules, Step::kDownload, now, 10min, "").open());
  Rules ending = rules;
  ending.not_after = now + 5min;
  EXPECT_THAT(Tell(Decide(ending, Step::kDownload, now, 3min, "")),
              StartsWith("expired: is not ready before not-after"));
}

TEST(Decide, AnEmergencyPassesWindowsButNotSafety) {
  Rules rules = InBerlin({.windows = {"Sat 02:00-05:00"},
                          .not_after = "2026-12-24 18:00",
                          .blackouts = {"2026-12-20..2027-01-02"},
                          .random_delay = "1h",
                          .minimum_uptime = "10m",
                          .emergency = true});
  EXPECT_EQ(Tell(At(rules, "2026-12-24 12:00")),
            "open until Thu 2026-12-24 18:00 CET: emergency: windows and blackouts are passed by");
  EXPECT_EQ(At(rules, "2026-12-24 18:00").verdict, Verdict::kExpired);
  EXPECT_FALSE(Decide(rules, Step::kReboot, Berlin("2026-12-24 12:00"), 3min, "").open());
  rules.at = Berlin("2026-12-24 13:00");
  EXPECT_EQ(At(rules, "2026-12-24 12:00").until, Berlin("2026-12-24 13:00"));
}

TEST(Decide, TheRandomDelayIsAMachinesOwn) {
  const Rules rules = InBerlin({.windows = {"02:00-05:00"}, .random_delay = "1h"});
  std::set<WallTime> openings;
  for (int machine = 0; machine < 200; ++machine) {
    const std::string seed = "machine-" + std::to_string(machine) + "/sched-1";
    const Decision before = At(rules, "2026-12-01 01:00", Step::kReboot, seed);
    ASSERT_FALSE(before.open());
    ASSERT_GE(*before.until, Berlin("2026-12-01 02:00"));
    ASSERT_LT(*before.until, Berlin("2026-12-01 03:00"));
    openings.insert(*before.until);
    // The same answer however it is asked, and it opens then.
    const Decision later = At(rules, "2026-12-01 02:00", Step::kReboot, seed);
    EXPECT_TRUE(later.open() || later.until == before.until) << seed;
    EXPECT_TRUE(Decide(rules, Step::kReboot, *before.until, kLongUp, seed).open());
    EXPECT_FALSE(Decide(rules, Step::kReboot, *before.until - 1s, kLongUp, seed).open());
  }
  EXPECT_GT(openings.size(), 150u);
}

TEST(Decide, TheRandomDelayLeavesHalfOfAnOpening) {
  const Rules rules = InBerlin({.windows = {"Sat 02:00-03:00"}, .random_delay = "72h"});
  for (int machine = 0; machine < 200; ++machine) {
    const std::string seed = std::to_string(machine);
    EXPECT_LT(*At(rules, "2026-12-01 12:00", Step::kInstall, seed).until,
              Berlin("2026-12-05 02:30"));
  }
}

TEST(Decide, TheRandomDelayCountsFromTheScheduleWhereNothingElseOpens) {
  Rules rules = InBerlin({.random_delay = "1h"});
  rules.created = Berlin("2026-12-01 12:00");
  const Decision decision = At(rules, "2026-12-01 12:00");
  EXPECT_EQ(decision.why, "waits out its random delay");
  EXPECT_LT(*decision.until, Berlin("2026-12-01 13:00"));
  EXPECT_TRUE(At(rules, "2026-12-01 13:00").open());
  EXPECT_TRUE(At(rules, "2026-11-01 13:00").open())
      << "a clock that was ahead when it was made must not hold it up";
}

TEST(Decide, AnUnknownZoneStaysClosed) {
  EXPECT_EQ(Tell(At({.zone = "No/Where"}, "2026-12-01 12:00")),
            "closed: unknown time zone 'No/Where'; give a name of the system's time zone database, "
            "such as Europe/Berlin");
}

TEST(Decide, TakesAnyClock) {
  const Rules rules = InBerlin({.windows = {"02:00-05:00"}, .minimum_uptime = "10m"});
  for (const WallTime now : {WallTime::min(), WallTime(), WallTime::max()}) {
    EXPECT_NE(Decide(rules, Step::kInstall, now, 0s, "").verdict, Verdict::kOpen);
  }
}

}  // namespace
}  // namespace matic::calendar

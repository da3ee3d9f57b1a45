#include "osctl/timing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>

namespace matic::osctl {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

// As typed after `osctl schedule update`.
Result<v1::Timing> Typed(std::vector<std::string> arguments) {
  TimingOptions options;
  CLI::App app;
  AddTimingOptions(app, options);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  app.parse(arguments);
  return ToTiming(options);
}

TEST(Timing, NothingTypedIsNothingSaid) {
  const auto timing = Typed({});
  ASSERT_TRUE(timing) << timing.error().message;
  EXPECT_EQ(timing->ByteSizeLong(), 0u);
}

TEST(Timing, EveryOptionIsSent) {
  const auto timing = Typed({"--window",          "Sun,Sat 02:00-05:00",
                             "--window",          "Wed 22:00-04:00",
                             "--download-window", "20:00-24:00",
                             "--install-window",  "00:00-24:00",
                             "--reboot-window",   "Sun 03:00-04:00",
                             "--timezone",        "Europe/Berlin",
                             "--not-before",      "2026-12-01 03:00",
                             "--not-after",       "2027-01-10T00:00:00Z",
                             "--blackout",        "2026-12-24..2027-01-02",
                             "--blackout",        "2027-01-06",
                             "--random-delay",    "30m",
                             "--min-uptime",      "600",
                             "--reboot-delay",    "5m",
                             "--emergency"});
  ASSERT_TRUE(timing) << timing.error().message;
  EXPECT_THAT(timing->windows(), ElementsAre("Sat,Sun 02:00-05:00", "Wed 22:00-04:00"));
  EXPECT_THAT(timing->download_windows(), ElementsAre("20:00-24:00"));
  EXPECT_THAT(timing->install_windows(), ElementsAre("00:00-24:00"));
  EXPECT_THAT(timing->reboot_windows(), ElementsAre("Sun 03:00-04:00"));
  EXPECT_EQ(timing->timezone(), "Europe/Berlin");
  EXPECT_FALSE(timing->has_at());
  EXPECT_EQ(timing->not_before().seconds(), 1796090400);  // date -d 2026-12-01T02:00Z +%s
  EXPECT_EQ(timing->not_after().seconds(), 1799539200);   // date -d 2027-01-10T00:00Z +%s
  EXPECT_THAT(timing->blackouts(), ElementsAre("2026-12-24..2027-01-02", "2027-01-06"));
  EXPECT_EQ(timing->random_delay_seconds(), 1800u);
  EXPECT_EQ(timing->min_uptime_seconds(), 600u);
  EXPECT_EQ(timing->reboot_delay_seconds(), 300u);
  EXPECT_TRUE(timing->emergency());
}

TEST(Timing, ATimeIsOfTheZoneThatIsTyped) {
  EXPECT_EQ(Typed({"--at", "2026-12-01 03:00", "--timezone", "Asia/Kathmandu"})->at().seconds(),
            1796073300);  // 2026-11-30T21:15Z
}

TEST(Timing, RefusalsNameTheOption) {
  struct Row {
    std::vector<std::string> arguments;
    std::string error;
  };
  for (const Row& row : std::vector<Row>{
           {{"--window", "Son 02:00-05:00"}, "--window: 'Son 02:00-05:00': no such weekday: 'Son'"},
           {{"--download-window", ""}, "--download-window: ''"},
           {{"--at", "tomorrow"}, "--at: not a time: 'tomorrow'"},
           {{"--timezone", "Berlin"}, "--timezone: unknown time zone 'Berlin'"},
           {{"--not-before", "2026-12-01 03:00", "--not-after", "2026-11-01 03:00"},
            "--not-before: Tue 2026-12-01 03:00"},
           {{"--blackout", "Christmas"}, "--blackout: not a date: 'Christmas'"},
           {{"--random-delay", "100h"}, "--random-delay: is more than 72h"},
           {{"--min-uptime", "-1"}, "--min-uptime: not a duration: '-1'"},
           {{"--reboot-delay", "soon"}, "--reboot-delay: not a duration: 'soon'"},
           {{"--reboot-delay", "25h"}, "--reboot-delay: is more than 24h"},
           {{"--at", "2026-12-01 03:00", "--window", "02:00-05:00"}, "--at: what is due"},
           {{"--at", "2026-12-01 03:00", "--reboot-window", "02:00-05:00"}, "--at: what is due"},
       }) {
    const auto timing = Typed(row.arguments);
    ASSERT_FALSE(timing) << row.error;
    EXPECT_EQ(timing.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(timing.error().message, StartsWith(row.error));
  }
}

TEST(Timing, AMomentThatIsPastIsRefused) {
  const auto timing = Typed({"--at", "2026-12-01T03:00:00Z"});
  ASSERT_TRUE(timing);
  const WallTime at = std::chrono::system_clock::from_time_t(timing->at().seconds());
  EXPECT_TRUE(CheckIsToCome(*timing, at - std::chrono::hours(1)));
  EXPECT_TRUE(CheckIsToCome(*timing, at + std::chrono::seconds(30))) << "in this minute";
  EXPECT_TRUE(CheckIsToCome({}, at)) << "none is given";
  const auto past = CheckIsToCome(*timing, at + std::chrono::hours(1));
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(past.error().message,
              StartsWith("--at: 2026-12-01T03:00:00Z is past, it is 2026-12-01T04:00:00Z now"));
}

TEST(Timing, AWindowTakesOneArgument) {
  EXPECT_THROW(Typed({"--window", "Sat", "02:00-05:00"}), CLI::ParseError)
      << "the quotes were forgotten";
}

}  // namespace
}  // namespace matic::osctl

// What people write of windows, days, times and zones, damaged: taken or refused, never a crash.
#include <gtest/gtest.h>

#include "lib/calendar/date_range.h"
#include "lib/calendar/moment.h"
#include "lib/calendar/span.h"
#include "lib/calendar/window.h"
#include "lib/calendar/zone.h"
#include "tests/fakes/broken_text.h"

namespace matic::calendar {
namespace {

constexpr size_t kTexts = 5000;
// Of an error's message: it is for people, not a way to fill a journal.
constexpr size_t kLongestMessage = 600;

void ExpectShort(const Error& error) {
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument) << error.message;
  EXPECT_LE(error.message.size(), kLongestMessage) << error.message.substr(0, 200);
  EXPECT_EQ(error.message.find('\0'), std::string::npos);
}

// What is taken is written in a way that is taken again, and means the same.
TEST(BrokenWords, OfWindows) {
  for (const char* good : {"Sat,Sun 02:00-05:00", "Mon-Fri 22:00-04:00", "00:00-24:00"}) {
    for (const std::string& text : fakes::Broken(good, kTexts)) {
      const auto window = ParseWindow(text);
      if (!window) {
        ExpectShort(window.error());
        continue;
      }
      const auto again = ParseWindow(FormatWindow(*window));
      ASSERT_TRUE(again) << text;
      EXPECT_EQ(FormatWindow(*again), FormatWindow(*window));
    }
  }
}

TEST(BrokenWords, OfDays) {
  for (const char* good : {"2026-12-24", "2026-12-24..2027-01-02"}) {
    for (const std::string& text : fakes::Broken(good, kTexts)) {
      const auto days = ParseDateRange(text);
      if (!days) {
        ExpectShort(days.error());
        continue;
      }
      const auto again = ParseDateRange(FormatDateRange(*days));
      ASSERT_TRUE(again) << text;
      EXPECT_EQ(FormatDateRange(*again), FormatDateRange(*days));
    }
  }
}

TEST(BrokenWords, OfTimes) {
  for (const char* good : {"2026-12-01 03:00", "2026-12-01T03:00:00+01:00"}) {
    for (const std::string& text : fakes::Broken(good, kTexts)) {
      const auto time = ParseTime(text, "Europe/Berlin");
      if (!time) ExpectShort(time.error());
    }
  }
}

TEST(BrokenWords, OfDurations) {
  for (const char* good : {"30m", "2h", "72h", "90s"}) {
    for (const std::string& text : fakes::Broken(good, kTexts)) {
      const auto duration = ParseDuration(text);
      if (!duration) {
        ExpectShort(duration.error());
        continue;
      }
      EXPECT_GE(duration->count(), 0) << text;
    }
  }
}

// A name is looked up as a file: it must not lead out of the database.
TEST(BrokenWords, OfZones) {
  for (const char* good : {"Europe/Berlin", "UTC"}) {
    for (const std::string& text : fakes::Broken(good, 1000)) {
      const auto zone = CheckZone(text);
      if (!zone) ExpectShort(zone.error());
    }
  }
  for (const char* outside :
       {"../../../etc/passwd", "/etc/passwd", "Europe/../../../etc/hostname"}) {
    EXPECT_FALSE(CheckZone(outside)) << outside;
  }
}

}  // namespace
}  // namespace matic::calendar

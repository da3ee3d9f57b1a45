#include "agent/ab/download_rate.h"

#include <gtest/gtest.h>

#include "tests/fakes/manual_clock.h"

namespace matic::ab {
namespace {

config::DownloadLimit Limit(const char* window, uint64_t rate) {
  return {calendar::ParseWindow(window).value(), rate};
}

class DownloadRateTest : public testing::Test {
 protected:
  // Tuesday, 2026-01-27, at so much after midnight in UTC.
  uint64_t At(std::chrono::minutes time) {
    clock_.SetNow(ParseTime("2026-01-27T00:00:00Z").value() + time);
    return DownloadRate(download_, zone_, clock_).Now();
  }

  config::Download download_;
  std::string zone_ = "UTC";
  fakes::ManualClock clock_;
};

using namespace std::chrono_literals;

TEST_F(DownloadRateTest, NoLimitUnlessSaid) { EXPECT_EQ(At(12h), 0u); }

TEST_F(DownloadRateTest, TheFirstOpenWindowHolds) {
  download_.rate = 5000;
  download_.limits = {Limit("Mon-Fri 08:00-18:00", 2000), Limit("12:00-20:00", 3000),
                      Limit("22:00-04:00", 0)};
  EXPECT_EQ(At(7h + 59min), 5000u);
  EXPECT_EQ(At(8h), 2000u);
  EXPECT_EQ(At(13h), 2000u);
  EXPECT_EQ(At(18h), 3000u);
  EXPECT_EQ(At(21h), 5000u);
  EXPECT_EQ(At(23h), 0u) << "no limit at night";
  EXPECT_EQ(At(3h), 0u) << "of the window that began the day before";
}

TEST_F(DownloadRateTest, WindowsAreOfTheMachinesZone) {
  download_.limits = {Limit("08:00-18:00", 2000)};
  zone_ = "America/New_York";
  EXPECT_EQ(At(8h), 0u);
  EXPECT_EQ(At(13h), 2000u);
}

}  // namespace
}  // namespace matic::ab

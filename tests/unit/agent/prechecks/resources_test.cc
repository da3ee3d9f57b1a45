#include <gmock/gmock.h>

#include "tests/unit/agent/prechecks/small_machine.h"

namespace matic::prechecks {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ResourcesTest : public SmallMachine {};

TEST_F(ResourcesTest, SpaceWhereTheStateIs) {
  wanted_.space_min_mib = 1;
  EXPECT_EQ(Refusals(), "");
  wanted_.space_min_mib = 1ull << 40;
  EXPECT_THAT(Refusals(), StartsWith("space: "));
  EXPECT_THAT(Refusals(), EndsWith(" MiB are free at " + folder_.string() +
                                   ", at least 1099511627776 are needed: make room there"));
  machine_.state_dir = folder_ / "absent";
  EXPECT_THAT(Refusals(), HasSubstr("No such file or directory"));
  wanted_.space_min_mib = 0;
  EXPECT_EQ(Refusals(), "");
}

TEST_F(ResourcesTest, LoadOfTheLastMinuteForTheProcessorsThereAre) {
  wanted_.load_max_percent = 150;
  Write("proc/loadavg", "3.00 9.00 9.00 2/345 6789\n");
  EXPECT_EQ(Refusals(), "");
  Write("proc/loadavg", "3.01 0.00 0.00 2/345 6789\n");
  EXPECT_EQ(Refusals(),
            "load: the load is 3.01, at most 3.00 is allowed on 2 processors: wait, or "
            "end what keeps it busy");
  for (const char* garbage : {"", "much", "\n"}) {
    Write("proc/loadavg", garbage);
    EXPECT_EQ(Refusals(), "load: /proc/loadavg cannot be read");
  }
}

TEST_F(ResourcesTest, MemoryThatIsAvailable) {
  wanted_.memory_min_mib = 64;
  Write("proc/meminfo", "MemTotal:  2048000 kB\nMemFree:  100 kB\nMemAvailable:   65536 kB\n");
  EXPECT_EQ(Refusals(), "");
  Write("proc/meminfo", "MemTotal:  2048000 kB\nMemFree: 99999 kB\nMemAvailable:   65535 kB\n");
  EXPECT_EQ(Refusals(),
            "memory: 63 MiB of memory are available, at least 64 are needed: end what takes it");
  for (const char* garbage : {"", "MemAvailable:", "MemAvailable: many kB", "MemTotal: 1 kB"}) {
    Write("proc/meminfo", garbage);
    EXPECT_THAT(Refusals(), StartsWith("memory: ")) << garbage;
  }
}

TEST_F(ResourcesTest, UptimeOfTheMachine) {
  wanted_.min_uptime = std::chrono::minutes(10);
  clock_.Advance(std::chrono::minutes(10) - clock_.SinceBoot());
  EXPECT_EQ(Refusals(), "");
  wanted_.min_uptime = std::chrono::seconds(601);
  EXPECT_EQ(Refusals(), "uptime: the machine is up for 600 s, at least 601 s are wanted: wait");
}

}  // namespace
}  // namespace matic::prechecks

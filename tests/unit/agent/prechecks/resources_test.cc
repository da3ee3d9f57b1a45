#include <gmock/gmock.h>

#include <cerrno>
#include <map>

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

class DiskTest : public SmallMachine {
 protected:
  DiskTest() {
    machine_.measure_room = [this](const std::filesystem::path& path) -> Result<health::Room> {
      const auto room = rooms_.find(path);
      if (room == rooms_.end()) return Fail(OsError(path.string(), ENOENT));
      return room->second;
    };
    wanted_.space_min_mib = 0;
    wanted_.disk.max_percent = 90;
  }

  // Five of them are kept for root.
  static health::Room Room(uint64_t used, uint64_t free) {
    return {.path = {}, .bytes = used + free + 5, .free_bytes = free, .used_bytes = used};
  }

  std::map<std::filesystem::path, Result<health::Room>> rooms_;
};

TEST_F(DiskTest, IsFullAsDfHasIt) {
  rooms_ = {{"/", Room(9000, 1000)}, {"/boot", Room(0, 100)}};
  EXPECT_EQ(Refusals(), "");
  rooms_.at("/") = Room(9001, 999);
  EXPECT_EQ(Refusals(), "disk: / is full to 91 %, at most 90 are allowed: make room there");
  rooms_.at("/boot") = Room(100, 0);
  EXPECT_EQ(Refusals(),
            "disk: / is full to 91 %, at most 90 are allowed: make room there; "
            "/boot is full to 100 %, at most 90 are allowed: make room there");
}

TEST_F(DiskTest, FoldersAreThoseOfTheConfigurationAndMayBeMissing) {
  EXPECT_EQ(Refusals(), "") << "there is neither";
  wanted_.disk.paths = {"/boot/efi"};
  rooms_ = {{"/", Room(100, 0)}, {"/boot/efi", Room(95, 5)}};
  EXPECT_EQ(Refusals(), "disk: /boot/efi is full to 95 %, at most 90 are allowed: make room there");
  rooms_.at("/boot/efi") = Fail(OsError("/boot/efi", EIO));
  EXPECT_EQ(Refusals(), "disk: /boot/efi: Input/output error");
}

TEST_F(DiskTest, HugeOrWithoutBlocksOrOff) {
  rooms_ = {{"/", Room(1ull << 62, 1ull << 62)}, {"/boot", health::Room{}}};
  EXPECT_EQ(Refusals(), "");
  wanted_.disk.max_percent = 49;
  EXPECT_THAT(Refusals(), StartsWith("disk: / is full to 50 %"));
  wanted_.disk.max_percent = 0;
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

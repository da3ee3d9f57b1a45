#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <semaphore>
#include <thread>

#include "agent/health/disk_check.h"
#include "agent/health/failed_units_check.h"
#include "agent/health/load_check.h"
#include "agent/health/memory_check.h"
#include "agent/health/time_check.h"
#include "tests/fakes/fake_process_runner.h"

namespace matic::health {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr uint64_t kMebibyte = 1 << 20;

TEST(DiskCheckTest, EachFilesystemNeedsItsShareOfBytesAndInodes) {
  const DiskCheck check({.settings = {}, .paths = {"/"}, .min_free_percent = 5});
  const Room good{"/var", 1000 * kMebibyte, 610 * kMebibyte, 1000, 900};
  const Room full{"/srv", 1000 * kMebibyte, 49 * kMebibyte, 1000, 900};
  const Room many_files{"/home", 1000 * kMebibyte, 610 * kMebibyte, 1000, 49};
  const Room uncounted{"/boot", 1000 * kMebibyte, 50 * kMebibyte, 0, 0};

  EXPECT_EQ(check.Judge({good, uncounted}).output, "/var: 61 % free, /boot: 5 % free");
  EXPECT_TRUE(check.Judge({good, uncounted}).passed);
  EXPECT_FALSE(check.Judge({good, full}).passed);
  EXPECT_EQ(check.Judge({good, full, many_files}).output,
            "/srv: free of 1000 MiB are 4 %, must be at least 5 %; "
            "/home: free of 1000 inodes are 4 %, must be at least 5 %");
}

TEST(DiskCheckTest, AFilesystemMayNeedAnAmountToo) {
  const DiskCheck check(
      {.settings = {}, .paths = {"/"}, .min_free_percent = 0, .min_free_bytes = 64 * kMebibyte});
  EXPECT_TRUE(check.Judge({Room{"/var", 1000 * kMebibyte, 64 * kMebibyte, 0, 0}}).passed);
  EXPECT_EQ(check.Judge({Room{"/var", 1000 * kMebibyte, 63 * kMebibyte, 0, 0}}).output,
            "/var: 63 MiB free, must be at least 64 MiB");
}

TEST(DiskCheckTest, SizesThatNoProductHoldsAreCompared) {
  const DiskCheck check({.settings = {}, .paths = {"/"}, .min_free_percent = 50});
  EXPECT_TRUE(check.Judge({Room{"/", UINT64_MAX, UINT64_MAX / 4 * 3, 0, 0}}).passed);
  EXPECT_FALSE(check.Judge({Room{"/", UINT64_MAX, UINT64_MAX / 4, 0, 0}}).passed);
}

TEST(DiskCheckTest, AFolderThatIsNotThereFails) {
  DiskCheck check({.settings = {}, .paths = {"/", "/nonexistent"}, .min_free_percent = 0});
  const Finding finding = check.Run({});
  EXPECT_FALSE(finding.passed);
  EXPECT_THAT(finding.output, HasSubstr("/nonexistent: No such file"));
  EXPECT_GT(MeasureRoom("/")->bytes, 0u);
}

// Gives no answer until it is told to, as where the server of a mount is gone.
class DeadMount {
 public:
  // What is asked may live longer than who asks.
  RoomGauge::Measure Measure() const {
    return [state = state_](const std::filesystem::path& path) -> Result<Room> {
      ++state->asked;
      state->answers.acquire();
      return Room{.path = path, .bytes = 1000, .free_bytes = 500};
    };
  }
  void Answer() { state_->answers.release(); }
  int asked() const { return state_->asked; }

 private:
  struct State {
    std::atomic<int> asked = 0;
    std::counting_semaphore<> answers{0};
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

TEST(RoomGaugeTest, WhatGivesNoAnswerIsAskedOnceUntilItDoes) {
  DeadMount mount;
  RoomGauge gauge(mount.Measure());
  for (int i = 0; i < 3; ++i) {
    const Result<Room> room = gauge.Read("/srv", 20ms, {});
    ASSERT_FALSE(room);
    EXPECT_EQ(room.error().code, ErrorCode::kDeadline);
    EXPECT_THAT(room.error().message, HasSubstr("/srv: its filesystem gave no answer"));
  }
  EXPECT_LE(mount.asked(), 1);
  EXPECT_FALSE(gauge.Read("/home", 0ms, {})) << "another path is asked by itself";
  mount.Answer();
  mount.Answer();
  EXPECT_EQ(gauge.Read("/srv", 60s, {})->free_bytes, 500u);
  mount.Answer();
  EXPECT_TRUE(gauge.Read("/srv", 60s, {}));
}

TEST(RoomGaugeTest, AStopEndsTheWait) {
  DeadMount mount;
  RoomGauge gauge(mount.Measure());
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(20ms);
    stop.request_stop();
  });
  EXPECT_EQ(gauge.Read("/srv", 1h, stop.get_token()).error().code, ErrorCode::kCancelled);
  mount.Answer();
}

TEST(DiskCheckTest, AFilesystemThatGivesNoAnswerFailsInTime) {
  DeadMount mount;
  DiskCheck check({.settings = {.timeout = 50s}, .paths = {"/srv", "/home"}}, mount.Measure());
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(20ms);
    stop.request_stop();
  });
  const Finding stopped = check.Run(stop.get_token());
  EXPECT_FALSE(stopped.passed);
  EXPECT_THAT(stopped.output, HasSubstr("/srv: stopped"));

  DiskCheck short_one({.settings = {.timeout = 1s}, .paths = {"/srv"}}, mount.Measure());
  const Finding finding = short_one.Run({});
  EXPECT_FALSE(finding.passed);
  EXPECT_THAT(finding.output, HasSubstr("/srv: its filesystem gave no answer in time"));
  mount.Answer();
  mount.Answer();
}

TEST(MeasureRoomTest, AFolderThatIsNoMountPointCountsForItsFilesystem) {
  const auto folder = MeasureRoom("/usr/bin");
  const auto inside = MeasureRoom("/usr/bin/.");
  ASSERT_TRUE(folder && inside);
  EXPECT_GT(folder->bytes, 0u);
  EXPECT_EQ(inside->bytes, folder->bytes);
  EXPECT_GT(folder->used_bytes, 0u);
  EXPECT_LE(folder->used_bytes + folder->free_bytes, folder->bytes);
}

TEST(MemoryCheckTest, AShareMustBeAvailable) {
  const auto memory = ParseMemory(
      "MemTotal:        2048000 kB\nMemFree:          10 kB\nMemAvailable:     102400 kB\n");
  ASSERT_TRUE(memory);
  EXPECT_TRUE(MemoryCheck({.settings = {}, .min_available_percent = 5}).Judge(*memory).passed);
  const Finding finding = MemoryCheck({.settings = {}, .min_available_percent = 6}).Judge(*memory);
  EXPECT_FALSE(finding.passed);
  EXPECT_EQ(finding.output, "5 % of 2000 MiB available, must be at least 6 %");
}

TEST(MemoryCheckTest, ATextThatDoesNotTellIsRefused) {
  for (const char* text : {"", "MemTotal: 5 kB\n", "MemTotal: x kB\nMemAvailable: 1 kB\n",
                           "MemTotal: 0 kB\nMemAvailable: 0 kB\n"}) {
    EXPECT_FALSE(ParseMemory(text)) << text;
  }
  EXPECT_THAT(MemoryCheck(config::MemoryCheck{}).Run({}).output, HasSubstr("MiB available"));
}

TEST(LoadCheckTest, TheLimitIsForEachProcessor) {
  const LoadCheck check({.settings = {}, .max_per_cpu = 1.5});
  EXPECT_TRUE(check.Judge(6.0, 4).passed);
  EXPECT_EQ(check.Judge(6.0, 4).output, "load 6.00 on 4 processors");
  EXPECT_FALSE(check.Judge(6.01, 4).passed);
  EXPECT_EQ(check.Judge(2, 1).output, "load 2.00 on 1 processor, must be at most 1.50");
  EXPECT_THAT(LoadCheck(config::LoadCheck{}).Run({}).output, HasSubstr("load "));
}

class FailedUnitsCheckTest : public testing::Test {
 protected:
  Finding Run(Result<ProcessOutcome> systemctl, std::vector<std::string> ignored = {}) {
    fakes::FakeProcessRunner processes;
    processes.Script({"systemctl", "list-units", "--state=failed", "--all", "--full", "--plain",
                      "--no-legend", "--no-pager"},
                     std::move(systemctl));
    return FailedUnitsCheck({.settings = {}, .ignored = std::move(ignored)}, processes).Run({});
  }
};

TEST_F(FailedUnitsCheckTest, PassesWithoutAny) {
  const Finding finding = Run(ProcessOutcome{0, ""});
  EXPECT_TRUE(finding.passed);
  EXPECT_EQ(finding.output, "no failed units");
}

TEST_F(FailedUnitsCheckTest, NamesThoseThatFailedButForTheIgnored) {
  const ProcessOutcome two{0,
                           "shop.service   loaded failed failed The shop\n"
                           "data.mount     loaded failed failed /data\n"};
  EXPECT_EQ(Run(two).output, "failed: shop.service, data.mount");
  EXPECT_EQ(Run(two, {"shop.service"}).output, "failed: data.mount");
  EXPECT_FALSE(Run(two, {"shop.service"}).passed);
  EXPECT_TRUE(Run(two, {"shop.service", "data.mount"}).passed);
  EXPECT_EQ(Run(two, {"shop.service", "data.mount"}).output, "no failed units but 2 ignored");
}

TEST_F(FailedUnitsCheckTest, ALongListIsCut) {
  std::string list;
  for (int i = 0; i < 10; ++i) list += std::to_string(i) + ".service loaded failed failed x\n";
  EXPECT_THAT(Run(ProcessOutcome{0, list}).output, testing::EndsWith("7.service and 2 more"));
}

TEST_F(FailedUnitsCheckTest, WithoutAnAnswerNothingIsWell) {
  EXPECT_EQ(Run(ProcessOutcome{1, "Failed to connect to bus\n"}).output,
            "systemctl exited with 1: \"Failed to connect to bus\"");
  const Finding late = Run(ProcessOutcome{.exit_code = 137, .end = ProcessEnd::kDeadline});
  EXPECT_FALSE(late.passed);
  EXPECT_EQ(late.output, "systemctl gave no answer within 5000 ms");
}

TEST(TimeCheckTest, TheKernelsClockMustBeSynchronised) {
  EXPECT_FALSE(JudgeClock({.synchronised = false}).passed);
  EXPECT_EQ(JudgeClock({.synchronised = false}).output, "the clock is not synchronised");
  const Finding finding = JudgeClock({.synchronised = true, .max_error = 11001us});
  EXPECT_TRUE(finding.passed);
  EXPECT_EQ(finding.output, "synchronised, off by at most 12 ms");
  EXPECT_TRUE(ReadKernelClock());
}

}  // namespace
}  // namespace matic::health

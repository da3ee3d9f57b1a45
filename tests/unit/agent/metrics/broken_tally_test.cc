// metrics.json, damaged: counting goes on, and what is written next is read again.
#include <gtest/gtest.h>

#include <fstream>

#include "agent/metrics/tally.h"
#include "tests/fakes/broken_text.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::metrics {
namespace {

engine::Schedule Completed(const std::string& id) {
  engine::Schedule schedule;
  schedule.id = id;
  schedule.state = engine::ScheduleState::kCompleted;
  schedule.updated = schedule.created + std::chrono::seconds(10);
  return schedule;
}

TEST(BrokenTally, CountingGoesOn) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "metrics.json";
  ASSERT_TRUE(Tally(file).Count({Completed("sched-20260127-001")}, {}));
  std::ifstream written(file);
  const std::string good{std::istreambuf_iterator<char>(written), {}};
  ASSERT_FALSE(good.empty());
  for (const std::string& text : fakes::Broken(good, 300)) {
    std::ofstream(file, std::ios::trunc) << text;
    uint64_t count = 0;
    {
      Tally tally(file);
      ASSERT_TRUE(tally.Count({Completed("sched-20260127-002")}, {}));
      count = tally.totals().updates.at("completed").count;
      EXPECT_GE(count, 1U);
    }
    Tally again(file);
    ASSERT_TRUE(again.Count({Completed("sched-20260127-002")}, {}));
    EXPECT_EQ(again.totals().updates.at("completed").count, count) << text.substr(0, 2000);
  }
}

}  // namespace
}  // namespace matic::metrics

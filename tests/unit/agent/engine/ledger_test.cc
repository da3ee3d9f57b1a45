#include "agent/engine/ledger.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lib/os/durable_file.h"
#include "tests/fakes/manual_clock.h"

namespace matic::engine {
namespace {

using namespace std::chrono_literals;

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    std::string pattern = testing::TempDir() + "/ledger-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~LedgerTest() override { std::filesystem::remove_all(folder_); }

  static update::Step Activate(std::chrono::seconds health_timeout) {
    update::Trial trial;
    trial.order.health_timeout = health_timeout;
    trial.image.target = "slot-b";
    return {update::Activating{trial}, {}, {}};
  }

  std::filesystem::path folder_;
  fakes::ManualClock clock_;
};

TEST_F(LedgerTest, ATrialsDeadlineNeverCutsItsHealthChecksShort) {
  Ledger ledger(folder_, 900s, clock_);
  ledger.Load();
  ASSERT_TRUE(ledger.Advance(Activate(300s), false));
  EXPECT_EQ(ledger.State().trial_deadline_seconds, 900u);

  ASSERT_TRUE(ledger.Advance(Activate(2000s), false));
  EXPECT_EQ(ledger.State().trial_deadline_seconds, 2060u);
  const auto text = ReadFile(folder_ / "rollback_state.json", 1 << 20);
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("\"trial_deadline_seconds\": 2060"), std::string::npos);

  ASSERT_TRUE(ledger.Advance({update::Idle{}, {}, {}}, false));
  EXPECT_EQ(ledger.State().trial_deadline_seconds, 900u);
}

}  // namespace
}  // namespace matic::engine

#include "agent/nixos/golden_keeper.h"

#include <gmock/gmock.h>

#include "agent/nixos/generations.h"
#include "tests/unit/agent/nixos/backend_host.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class GoldenKeeperTest : public BackendHost {
 protected:
  GoldenKeeperTest() { keeper_.Configure(1h); }
  // What is golden after a look, `later`.
  fs::path GoldenAfter(std::chrono::seconds later) {
    clock_.Advance(later);
    keeper_.Look();
    std::error_code none;
    return fs::canonical(GoldenProfile(options_.paths()), none);
  }

  bool healthy_ = true;
  GoldenKeeper keeper_{*backend_, [this] { return healthy_; }, clock_};
};

TEST_F(GoldenKeeperTest, AConfirmedSystemThatRanHealthyForLongEnoughIsKept) {
  const fs::path second = Update("2", update::Mode::kSwitch);
  EXPECT_EQ(GoldenAfter(59min), "");
  EXPECT_EQ(GoldenAfter(1min), second);
  EXPECT_EQ(State().golden->system, second);
  // It has a boot entry of its own from now on.
  EXPECT_THAT(Entries(), testing::Contains("nixos-matic_golden-generation-1.conf"));
}

TEST_F(GoldenKeeperTest, TheTimeBeginsAnewWithEveryFailure) {
  const fs::path second = Update("2", update::Mode::kSwitch);
  healthy_ = false;
  EXPECT_EQ(GoldenAfter(2h), "");
  healthy_ = true;
  EXPECT_EQ(GoldenAfter(59min), "");
  EXPECT_EQ(GoldenAfter(1min), second);
}

TEST_F(GoldenKeeperTest, AnotherSystemBeginsAnew) {
  const fs::path second = Update("2", update::Mode::kSwitch);
  EXPECT_EQ(GoldenAfter(1h), second);
  const fs::path third = Update("3", update::Mode::kSwitch);
  EXPECT_EQ(GoldenAfter(59min), second);
  EXPECT_EQ(GoldenAfter(1min), third);
}

TEST_F(GoldenKeeperTest, OneThatIsOnTrialOrWasNeverConfirmedIsNotKept) {
  EXPECT_EQ(GoldenAfter(2h), "");
  Activate("2", update::Mode::kSwitch);
  EXPECT_EQ(GoldenAfter(2h), "");
}

TEST_F(GoldenKeeperTest, NothingIsKeptWhereNothingIsToBe) {
  Update("2", update::Mode::kSwitch);
  keeper_.Configure(0s);
  EXPECT_EQ(GoldenAfter(48h), "");
}

}  // namespace
}  // namespace matic::nixos

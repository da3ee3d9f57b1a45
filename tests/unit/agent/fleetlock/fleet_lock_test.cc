#include "agent/fleetlock/fleet_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "lib/os/durable_file.h"
#include "tests/fakes/manual_clock.h"
#include "tests/unit/agent/fleetlock/fake_lock_server.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::fleetlock {
namespace {

using namespace std::chrono_literals;
using engine::Disturbance;
using engine::SlotAnswer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kSlot = "a reboot slot of https://lock.example.com (group workers)";

class FleetLockTest : public testing::Test {
 protected:
  FleetLockTest() { Restart(); }

  // The agent, or the whole machine: what is on disk and at the server stays.
  void Restart() {
    lock_.reset();
    lock_ = std::make_unique<FleetLock>(settings_, file_, server_, clock_,
                                        [this](const std::string& problem) {
                                          const std::scoped_lock lock(mutex_);
                                          problems_.push_back(problem);
                                        });
    lock_->Start();
  }

  SlotAnswer Take(Disturbance disturbance = Disturbance::kReboot) {
    Result<SlotAnswer> answer = lock_->Take(disturbance, {});
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *answer : SlotAnswer{};
  }

  void Await(const std::function<bool()>& so) {
    const auto limit = std::chrono::steady_clock::now() + 60s;
    while (!so()) {
      ASSERT_LT(std::chrono::steady_clock::now(), limit) << "it never came to be";
      std::this_thread::sleep_for(1ms);
    }
  }
  void AwaitGivenBack() {
    Await([this] { return server_.holders("workers").empty() && !IsNoted("machine-a"); });
  }
  bool IsNoted(const std::string& id) const {
    const Result<std::string> note = ReadFile(file_, 65536);
    return note && note->find(id) != std::string::npos;
  }
  std::vector<std::string> Problems() {
    const std::scoped_lock lock(mutex_);
    return problems_;
  }

  const TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "fleet-lock.json";
  Settings settings_{
      .target = {.url = "https://lock.example.com", .group = "workers", .id = "machine-a"}};
  FakeLockServer server_{1};
  fakes::ManualClock clock_;
  std::mutex mutex_;
  std::vector<std::string> problems_;
  std::unique_ptr<FleetLock> lock_;
};

TEST_F(FleetLockTest, ASlotIsTakenAndGivenBack) {
  EXPECT_TRUE(Take().granted);
  EXPECT_THAT(server_.holders("workers"), ElementsAre("machine-a"));
  EXPECT_TRUE(Take().granted) << "what is held is taken again";
  lock_->Release();
  AwaitGivenBack();
}

TEST_F(FleetLockTest, NobodyIsAskedWhereNoneIsConfigured) {
  settings_.target.url.clear();
  Restart();
  EXPECT_TRUE(Take().granted);
  lock_->Release();
  lock_->Stop();
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(FleetLockTest, ASwitchWithoutARebootIsAskedForWhereConfigured) {
  EXPECT_TRUE(Take(Disturbance::kLiveSwitch).granted);
  EXPECT_THAT(server_.holders("workers"), IsEmpty());
  settings_.live = true;
  lock_->Configure(settings_);
  EXPECT_TRUE(Take(Disturbance::kLiveSwitch).granted);
  EXPECT_THAT(server_.holders("workers"), ElementsAre("machine-a"));
}

TEST_F(FleetLockTest, WhatOthersHoldIsWaitedFor) {
  server_.SetHolder("workers", "machine-b", true);
  settings_.patience = 1h;
  lock_->Configure(settings_);
  const SlotAnswer refused = Take();
  EXPECT_FALSE(refused.granted);
  EXPECT_EQ(refused.waits_for, kSlot + ": held by others (all slots are locked)");
  EXPECT_EQ(refused.patience, 1h);
  server_.SetHolder("workers", "machine-b", false);
  clock_.Advance(refused.ask_again);
  EXPECT_TRUE(Take().granted);
}

TEST_F(FleetLockTest, TheServerIsAskedLessAndLess) {
  server_.SetHolder("workers", "machine-b", true);
  std::chrono::nanoseconds longest = 30s;
  for (size_t asked = 1; asked <= 8; ++asked) {
    const SlotAnswer refused = Take();
    EXPECT_EQ(server_.requests().size(), asked);
    EXPECT_GE(refused.ask_again, longest / 2);
    EXPECT_LE(refused.ask_again, longest);
    EXPECT_EQ(Take().waits_for, refused.waits_for);
    EXPECT_EQ(server_.requests().size(), asked) << "it is not asked before its time";
    clock_.Advance(refused.ask_again);
    longest = std::min<std::chrono::nanoseconds>(longest * 2, 300s);
  }
}

TEST_F(FleetLockTest, TwoMachinesDoNotAskTogether) {
  server_.SetHolder("workers", "machine-b", true);
  std::set<std::chrono::nanoseconds> pauses;
  for (int i = 0; i < 20; ++i) {
    pauses.insert(Take().ask_again);
    Restart();
  }
  EXPECT_GT(pauses.size(), 1u);
}

TEST_F(FleetLockTest, AServerThatIsAwayIsWaitedForAsWell) {
  server_.SetAway(true);
  const SlotAnswer refused = Take();
  EXPECT_FALSE(refused.granted);
  EXPECT_EQ(refused.waits_for, kSlot + ": Connection refused");
  server_.SetAway(false);
  clock_.Advance(refused.ask_again);
  EXPECT_TRUE(Take().granted);
}

TEST_F(FleetLockTest, AMachineWithoutAnIdAsksNobody) {
  settings_.target.id.clear();
  lock_->Configure(settings_);
  EXPECT_THAT(Take().waits_for, HasSubstr("set fleet_lock.id"));
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(FleetLockTest, ItIsNotedBeforeItIsAskedFor) {
  bool noted = false;
  server_.SetObserver([&](const http::PostRequest&) { noted = IsNoted("machine-a"); });
  EXPECT_TRUE(Take().granted);
  EXPECT_TRUE(noted);
}

TEST_F(FleetLockTest, WhatCannotBeNotedIsNotAskedFor) {
  std::filesystem::create_directory(file_);
  const SlotAnswer refused = Take();
  EXPECT_FALSE(refused.granted);
  EXPECT_THAT(refused.waits_for, HasSubstr("fleet-lock.json"));
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(FleetLockTest, ASlotIsGivenBackAfterARestart) {
  EXPECT_TRUE(Take().granted);
  Restart();
  EXPECT_THAT(server_.holders("workers"), ElementsAre("machine-a")) << "not before it is healthy";
  lock_->Release();
  AwaitGivenBack();
}

TEST_F(FleetLockTest, ASlotIsGivenBackWhereNoneIsAskedForAnyMore) {
  EXPECT_TRUE(Take().granted);
  settings_.target.url.clear();
  Restart();
  lock_->Release();
  AwaitGivenBack();
}

TEST_F(FleetLockTest, ASlotGoesBackToWhereItWasTaken) {
  EXPECT_TRUE(Take().granted);
  settings_.target.group = "databases";
  Restart();
  EXPECT_TRUE(Take().granted);
  EXPECT_THAT(server_.holders("databases"), ElementsAre("machine-a"));
  lock_->Release();
  AwaitGivenBack();
  Await([this] { return server_.holders("databases").empty(); });
}

TEST_F(FleetLockTest, ASlotWhoseGrantGotLostIsGivenBack) {
  server_.SetAnswer(http::PostAnswer{502, "<html>"});
  EXPECT_EQ(Take().waits_for, kSlot + ": the server answered HTTP 502");
  EXPECT_THAT(server_.holders("workers"), ElementsAre("machine-a"));
  server_.SetAnswer(std::nullopt);
  lock_->Release();
  AwaitGivenBack();
}

TEST_F(FleetLockTest, AStateFolderThatWasLostLeavesNoSlotBehind) {
  EXPECT_TRUE(Take().granted);
  std::filesystem::remove(file_);
  Restart();
  lock_->Release();
  AwaitGivenBack();
  lock_->Release();
  lock_->Release();
  lock_->Stop();
  EXPECT_THAT(server_.requests(), ElementsAre("/v1/pre-reboot", "/v1/steady-state"));
}

TEST_F(FleetLockTest, ADamagedNoteLeavesNoSlotBehind) {
  EXPECT_TRUE(Take().granted);
  ASSERT_TRUE(WriteFileDurably(file_, "{"));
  Restart();
  lock_->Release();
  AwaitGivenBack();
}

TEST_F(FleetLockTest, GivingBackIsTriedUntilItIsDone) {
  EXPECT_TRUE(Take().granted);
  server_.SetAway(true);
  lock_->Release();
  for (int i = 0; i < 4; ++i) {
    clock_.AwaitWaiters(1);
    clock_.Advance(300s);
    server_.AwaitRequests(static_cast<size_t>(i) + 3);
  }
  Await([this] { return !Problems().empty(); });
  EXPECT_THAT(Problems(), ElementsAre(kSlot + " cannot be given back: Connection refused"));
  EXPECT_TRUE(IsNoted("machine-a"));
  server_.SetAway(false);
  clock_.AwaitWaiters(1);
  clock_.Advance(300s);
  AwaitGivenBack();
  Await([this] { return Problems().size() == 2; });
  EXPECT_EQ(Problems().back(), "");
}

TEST_F(FleetLockTest, AServerThatIsAwayIsNoProblemWhereNothingIsHeld) {
  server_.SetAway(true);
  lock_->Release();
  for (size_t i = 0; i < 5; ++i) {
    clock_.AwaitWaiters(1);
    clock_.Advance(300s);
    server_.AwaitRequests(i + 2);
  }
  lock_->Stop();
  EXPECT_THAT(Problems(), IsEmpty());
}

TEST_F(FleetLockTest, WhatIsWantedAgainIsNotGivenBack) {
  EXPECT_TRUE(Take().granted);
  server_.SetAway(true);
  lock_->Release();
  clock_.AwaitWaiters(1);
  server_.SetAway(false);
  EXPECT_TRUE(Take().granted);
  const size_t asked = server_.requests().size();
  clock_.Advance(300s);
  Restart();  // by then the pause is over
  EXPECT_EQ(server_.requests().size(), asked);
  EXPECT_THAT(server_.holders("workers"), ElementsAre("machine-a"));
  EXPECT_TRUE(IsNoted("machine-a"));
}

TEST_F(FleetLockTest, AStopEndsAnything) {
  std::stop_source stop;
  stop.request_stop();
  const Result<SlotAnswer> answer = lock_->Take(Disturbance::kReboot, stop.get_token());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kCancelled);
  server_.SetAway(true);
  lock_->Release();
  clock_.AwaitWaiters(1);
  lock_->Stop();
}

}  // namespace
}  // namespace matic::fleetlock

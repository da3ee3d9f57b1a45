#include "osctl/fleet/notices/run_announcer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_process_runner.h"
#include "tests/unit/lib/notify/fake_transport.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::fleet {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

channels::ChannelSettings Hook(const std::string& name) {
  channels::ChannelSettings channel;
  channel.name = name;
  channel.type = channels::ChannelType::kWebhook;
  channel.url = "https://" + name + ".example.com";
  return channel;
}

std::vector<std::string> NamesOf(const std::vector<notify::Channel>& channels) {
  std::vector<std::string> names;
  for (const notify::Channel& channel : channels) names.push_back(channel.name);
  return names;
}

class RunAnnouncerTest : public testing::Test {
 protected:
  RunAnnouncerTest() {
    run_.id = "run-1";
    run_.fleet = "lab";
  }

  std::unique_ptr<RunAnnouncer> Make(const std::vector<std::string>& hooks) {
    Inventory inventory;
    for (const std::string& hook : hooks) inventory.channels.push_back(Hook(hook));
    return std::make_unique<RunAnnouncer>(ChannelsOf(inventory), courier_, clock_,
                                          folder_.path() / "lab.notices");
  }

  const TemporaryFolder folder_;
  const Notice start_{.kind = NoticeKind::kRunStarted, .text = "machines: 3"};
  RunRecord run_;
  notify::FakeTransport transport_;
  fakes::FakeProcessRunner processes_;
  notify::Courier courier_{transport_, processes_};
  SystemClock clock_;
};

TEST_F(RunAnnouncerTest, TheSettingsSayWhichChannelsHearOfRuns) {
  Inventory inventory;
  inventory.channels = {Hook("a"), Hook("b"), Hook("c")};
  EXPECT_THAT(NamesOf(ChannelsOf(inventory)), ElementsAre("a", "b", "c"));
  inventory.settings.notification_channels = {"c", "a"};
  EXPECT_THAT(NamesOf(ChannelsOf(inventory)), ElementsAre("a", "c"));
}

TEST_F(RunAnnouncerTest, WhatHappensIsToldToEachChannel) {
  const auto announcer = Make({"a", "b"});
  announcer->Tell(run_, {}, start_);
  announcer->Stop(30s);
  const auto requests = transport_.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[0].body, HasSubstr("run-started"));
  EXPECT_THAT(requests[0].body, HasSubstr("machines: 3"));
  EXPECT_THAT(announcer->TakeTroubles(), testing::IsEmpty());
}

TEST_F(RunAnnouncerTest, AChannelThatIsDownIsToldOfOnceAndGetsItsMessagesFromTheNextRun) {
  transport_.AnswerWith([](size_t) -> Result<notify::HttpAnswer> {
    return Fail(ErrorCode::kUnavailable, "connect to a.example.com: refused");
  });
  {
    const auto announcer = Make({"a"});
    announcer->Tell(run_, {}, start_);
    transport_.AwaitRequests(1);
    announcer->Stop(30s);
    const std::vector<std::string> troubles = announcer->TakeTroubles();
    ASSERT_EQ(troubles.size(), 1u);
    EXPECT_EQ(troubles[0],
              "channel a: 'Run started' is tried again: connect to a.example.com: refused");
    EXPECT_THAT(announcer->TakeTroubles(), testing::IsEmpty());
  }
  transport_.AnswerWith([](size_t) {
    return Result<notify::HttpAnswer>(
        notify::HttpAnswer{.status = 200, .retry_after = {}, .text = ""});
  });
  const size_t before = transport_.requests().size();
  const auto next = Make({"a"});
  next->Stop(30s);
  const auto requests = transport_.requests();
  ASSERT_GT(requests.size(), before);
  EXPECT_THAT(requests.back().body, HasSubstr("run-started"));
}

}  // namespace
}  // namespace matic::fleet

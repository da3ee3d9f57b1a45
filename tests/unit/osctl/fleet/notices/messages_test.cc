#include "osctl/fleet/notices/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/osctl/fleet/planner/run_scene.h"

namespace matic::fleet {
namespace {

using notify::Event;
using notify::Level;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class MessagesTest : public testing::Test {
 protected:
  notify::Message Last(NoticeKind kind) {
    const RunRecord run{
        .id = "run-1", .fleet = "lab", .requested_by = "alice@desk", .plan = scene_.plan()};
    const auto& notices = scene_.state().notices;
    const auto found = std::find_if(notices.rbegin(), notices.rend(),
                                    [kind](const Notice& notice) { return notice.kind == kind; });
    if (found == notices.rend()) {
      ADD_FAILURE() << "nothing of " << NameOf(kind);
      return {};
    }
    return MessageOf(run, scene_.state(), *found);
  }

  Scene scene_;
};

TEST_F(MessagesTest, ARunThatEndsWell) {
  scene_.AddGroup("web", {"a", "b"}).parallel = 1;
  scene_.Start();
  scene_.Begin();
  scene_.Check("web");
  scene_.Update({"a"});
  const notify::Message started = Last(NoticeKind::kRunStarted);
  EXPECT_EQ(started.event, Event::kRunStarted);
  EXPECT_EQ(notify::Headline(started), "lab: Run started");
  EXPECT_EQ(started.time, Clock(12));
  EXPECT_THAT(started.fields, ElementsAre(notify::Field{"run", "run-1"}));
  const notify::Message wave = Last(NoticeKind::kWaveDone);
  EXPECT_EQ(wave.event, Event::kWaveDone);
  EXPECT_EQ(wave.level, Level::kInfo);
  EXPECT_THAT(wave.body, StartsWith("wave 1 of 2"));
  EXPECT_THAT(wave.fields,
              ElementsAre(notify::Field{"run", "run-1"}, notify::Field{"group", "web"}));
  scene_.Update({"b"});
  EXPECT_EQ(Last(NoticeKind::kGroupEnded).title, "Group web is done");
  const notify::Message end = Last(NoticeKind::kRunFinished);
  EXPECT_EQ(end.level, Level::kInfo);
  EXPECT_EQ(end.title, "Run ended well");
}

TEST_F(MessagesTest, AMachineThatGoesBack) {
  Group& web = scene_.AddGroup("web", {"a", "b"});
  web.parallel = 1;
  web.max_failures = {.value = 0, .percent = false};
  scene_.Start();
  scene_.Begin();
  scene_.Check("web");
  scene_.Begin();
  scene_.Staged("a");
  scene_.Begin();
  scene_.Activated("a");
  scene_.Begin();
  scene_.Unhealthy("a");
  scene_.Begin();
  scene_.OnOld("a");
  scene_.Begin();
  const notify::Message failed = Last(NoticeKind::kMachineFailed);
  EXPECT_EQ(failed.event, Event::kMachineFailed);
  EXPECT_EQ(failed.level, Level::kError);
  EXPECT_EQ(failed.title, "a failed");
  EXPECT_THAT(failed.fields, testing::Contains(notify::Field{"machine", "a"}));
  EXPECT_EQ(Last(NoticeKind::kRolledBack).level, Level::kWarning);
  EXPECT_EQ(Last(NoticeKind::kRunStopped).level, Level::kError);
  EXPECT_EQ(Last(NoticeKind::kGroupEnded).title, "Group web did not end well: failed");
  const notify::Message end = Last(NoticeKind::kRunFinished);
  EXPECT_EQ(end.level, Level::kError);
  EXPECT_EQ(end.title, "Run failed");
  EXPECT_THAT(end.body, HasSubstr("\na: rolled-back"));
}

TEST_F(MessagesTest, WhatAPersonMustDo) {
  scene_.AddGroup("db", {"a"}).policy = UpdatePolicy::kManualApproval;
  scene_.Start();
  scene_.Begin();
  const notify::Message asks = Last(NoticeKind::kApprovalNeeded);
  EXPECT_EQ(asks.event, Event::kApprovalNeeded);
  EXPECT_EQ(asks.level, Level::kWarning);
  EXPECT_THAT(asks.body, HasSubstr("osctl fleet approve db"));
  scene_.Tell(Stopped{.revert = false, .why = "by alice"});
  scene_.Begin();
  EXPECT_EQ(Last(NoticeKind::kRunStopped).level, Level::kWarning);
  EXPECT_EQ(Last(NoticeKind::kRunFinished).title, "Run was stopped");
}

TEST_F(MessagesTest, EveryNoticeHasAnEventOfItsName) {
  scene_.AddGroup("web", {"a"});
  scene_.Start();
  for (const std::string_view name : kFleetEvents) {
    const auto event = notify::ParseEvent(name);
    ASSERT_TRUE(event) << name;
    EXPECT_EQ(notify::EventName(*event), name);
  }
  for (int kind = 0; kind <= static_cast<int>(NoticeKind::kRunFinished); ++kind) {
    const std::string_view name = NameOf(static_cast<NoticeKind>(kind));
    EXPECT_NE(std::ranges::find(kFleetEvents, name), std::end(kFleetEvents)) << name;
  }
}

}  // namespace
}  // namespace matic::fleet

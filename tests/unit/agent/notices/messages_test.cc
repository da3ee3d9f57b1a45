#include "agent/notices/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace matic::notices {
namespace {

using engine::HistoryEvent;
using notify::Event;
using notify::Field;
using notify::Level;
using ::testing::EndsWith;
using ::testing::StartsWith;

HistoryEvent Happened(const std::string& kind, const std::string& summary = "") {
  HistoryEvent event;
  event.kind = kind;
  event.schedule_id = "sched-20260127-001";
  event.summary = summary;
  return event;
}

TEST(MessagesTest, EachEndHasItsLevelAndEvent) {
  struct Case {
    HistoryEvent event;
    Level level;
    Event told_as;
    std::string title;
  };
  const Case cases[] = {
      {Happened("started", "https://h/os"), Level::kInfo, Event::kUpdateStarted, "Update started"},
      {Happened("completed"), Level::kInfo, Event::kUpdateSucceeded, "Update succeeded"},
      {Happened("completed", "running, unhealthy: tcp: refused"), Level::kWarning,
       Event::kUpdateSucceeded, "Update succeeded"},
      {Happened("failed", "no space"), Level::kError, Event::kUpdateFailed, "Update failed"},
      {Happened("cancelled", "not today"), Level::kWarning, Event::kUpdateFailed,
       "Update cancelled"},
      {Happened("rolled-back", "tcp: refused"), Level::kError, Event::kRolledBack, "Rolled back"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.title + c.event.summary);
    const auto message = MessageOf(c.event, "edge-7");
    ASSERT_TRUE(message);
    EXPECT_EQ(message->level, c.level);
    EXPECT_EQ(message->event, c.told_as);
    EXPECT_EQ(message->title, c.title);
    EXPECT_EQ(message->body, c.event.summary);
    EXPECT_EQ(message->node, "edge-7");
    EXPECT_EQ(message->time, c.event.time);
  }
}

TEST(MessagesTest, ARollbackNamesWhatWasLeft) {
  HistoryEvent event = Happened("rolled-back", "service: sshd.service is failed");
  event.version = "2.0";
  event.digest = "9f2c";
  event.boot_id = "boot-3";
  event.failed_boot_id = "boot-2";
  EXPECT_EQ(MessageOf(event, "edge-7")->fields,
            (std::vector<Field>{{"schedule", "sched-20260127-001"},
                                {"version", "2.0"},
                                {"sha256", "9f2c"},
                                {"failed boot id", "boot-2"}}));
}

TEST(MessagesTest, ARollbackThatSomebodyAskedForIsNoError) {
  HistoryEvent event = Happened("rolled-back", "asked for by hand");
  event.requested_by = "admin alice (10.0.2.2)";
  const auto message = MessageOf(event, "edge-7");
  EXPECT_EQ(message->level, Level::kWarning);
  EXPECT_EQ(message->fields.back(), (Field{"requested by", "admin alice (10.0.2.2)"}));
}

TEST(MessagesTest, AHookThatFailedQuotesTheEndOfItsOutput) {
  HistoryEvent event = Happened("hook", "50-backup failed: exit code 3");
  event.output = std::string(8000, 'x') + "disk full";
  const auto message = MessageOf(event, "edge-7");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->event, Event::kCheckFailed);
  EXPECT_EQ(message->level, Level::kWarning);
  EXPECT_THAT(message->body, StartsWith("50-backup failed: exit code 3\n\nxxx"));
  EXPECT_THAT(message->body, EndsWith("disk full"));
  EXPECT_LT(message->body.size(), 2000u);
}

TEST(MessagesTest, ACauseOutsideOfTheUpdateIsToldWhenItIsFoundAndWhenItEnds) {
  const auto found = MessageOf(Happened("common-cause", "slot-a fails api as well"), "edge-7");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->event, Event::kCheckFailed);
  EXPECT_EQ(found->level, Level::kError);
  EXPECT_EQ(found->body, "slot-a fails api as well");
  const auto ended = MessageOf(Happened("common-cause-ended", "api: passed again"), "edge-7");
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->level, Level::kInfo);
}

TEST(MessagesTest, NobodyIsToldOfWhatNeedsNobody) {
  EXPECT_FALSE(MessageOf(Happened("hook", "50-backup passed"), "edge-7"));
  EXPECT_FALSE(MessageOf(Happened("boot-log", "the end of the journal"), "edge-7"));
  EXPECT_FALSE(MessageOf(Happened("completed", "runs 2.0 already, on slot-b"), "edge-7"));
}

}  // namespace
}  // namespace matic::notices

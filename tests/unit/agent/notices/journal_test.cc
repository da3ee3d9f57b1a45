#include "agent/notices/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace matic::notices {
namespace {

using ::testing::UnorderedElementsAre;

std::vector<std::string> FieldsOf(const JournalEntry& entry) {
  std::vector<std::string> fields;
  for (const journal::Field& field : entry.fields) {
    fields.push_back(std::string(field.name) + "=" + field.value);
  }
  return fields;
}

TEST(JournalTest, ARollbackWithAllThatIsKnown) {
  engine::HistoryEvent event;
  event.kind = "rolled-back";
  event.schedule_id = "sched-20260127-001";
  event.summary = "service: sshd.service is failed";
  event.requested_by = "admin alice (10.0.2.2)";
  event.version = "2.0";
  event.digest = "9f2c";
  event.boot_id = "boot-3";
  event.failed_boot_id = "boot-2";
  const JournalEntry entry = EntryOf(event);
  EXPECT_EQ(entry.message,
            "sched-20260127-001: rolled back (2.0): service: sshd.service is failed");
  EXPECT_EQ(entry.priority, journal::Priority::kError);
  EXPECT_THAT(FieldsOf(entry),
              UnorderedElementsAre("MESSAGE_ID=4aa83057ff97413e9c8ddfc129dde7ac",
                                   "MATIC_EVENT=rolled-back", "MATIC_SCHEDULE=sched-20260127-001",
                                   "MATIC_VERSION=2.0", "MATIC_DIGEST=9f2c", "MATIC_BOOT_ID=boot-3",
                                   "MATIC_FAILED_BOOT_ID=boot-2",
                                   "MATIC_REQUESTED_BY=admin alice (10.0.2.2)"));
}

TEST(JournalTest, WhatIsNotKnownHasNoField) {
  engine::HistoryEvent event;
  event.kind = "completed";
  EXPECT_EQ(EntryOf(event).message, "update completed");
  EXPECT_THAT(
      FieldsOf(EntryOf(event)),
      UnorderedElementsAre("MESSAGE_ID=409424b0db424a9baedd5f7c8c72cdfd", "MATIC_EVENT=completed"));
}

TEST(JournalTest, AHookThatFailedIsAWarning) {
  engine::HistoryEvent event;
  event.kind = "hook";
  event.summary = "50-backup passed";
  EXPECT_EQ(EntryOf(event).priority, journal::Priority::kInfo);
  event.summary = "50-backup failed: exit code 3";
  EXPECT_EQ(EntryOf(event).priority, journal::Priority::kWarning);
}

TEST(JournalTest, EachKindHasAnIdOfItsOwn) {
  std::set<std::string> ids;
  for (const char* kind :
       {"scheduled", "started", "completed", "failed", "rolled-back", "cancelled", "hook",
        "common-cause", "common-cause-ended", "boot-log", "new"}) {
    engine::HistoryEvent event;
    event.kind = kind;
    for (const std::string& field : FieldsOf(EntryOf(event))) {
      if (field.starts_with("MESSAGE_ID=")) ids.insert(field);
    }
  }
  EXPECT_EQ(ids.size(), 11u);
}

}  // namespace
}  // namespace matic::notices

#include "lib/notify/outbox.h"

#include <gtest/gtest.h>

namespace matic::notify {
namespace {

using namespace std::chrono_literals;

constexpr RateLimit kThreeAnHour{.messages = 3, .period = 3600s};
constexpr RateLimit kNoLimit{.messages = 1000, .period = 1s};
constexpr RetryPolicy kPolicy{.first = 4s, .longest = 100s, .give_up = 1h, .queue = 5};

Message Say(const std::string& title, Level level = Level::kInfo) {
  Message message;
  message.title = title;
  message.level = level;
  return message;
}

// Takes everything that is due, and says it was delivered.
std::vector<std::string> Deliver(Outbox& outbox, BootTime now) {
  std::vector<std::string> titles;
  while (const auto parcel = outbox.Next(now)) {
    titles.push_back(parcel->message.title);
    if (parcel->left_out > 0) titles.back() += " +" + std::to_string(parcel->left_out);
    outbox.Delivered();
  }
  return titles;
}

using Titles = std::vector<std::string>;

TEST(OutboxTest, SendsInOrderAndOnce) {
  Outbox outbox(kNoLimit, kPolicy);
  EXPECT_EQ(outbox.NextTime(), std::nullopt);
  outbox.Put("1", Say("one"), 10s);
  outbox.Put("2", Say("two"), 11s);
  EXPECT_EQ(Deliver(outbox, 12s), (Titles{"one", "two"}));
  EXPECT_EQ(Deliver(outbox, 13s), Titles());
  EXPECT_EQ(outbox.NextTime(), std::nullopt);
}

TEST(OutboxTest, TheEndOfARunPassesTheLimitAndTellsOfWhatWasLeftOut) {
  Outbox outbox(kThreeAnHour, kPolicy);
  for (int wave = 1; wave <= 9; ++wave) outbox.Put("w", Say("wave"), 0s);
  Message end = Say("end");
  end.event = Event::kRunFinished;
  outbox.Put("end", end, 1s);
  EXPECT_EQ(Deliver(outbox, 2s), (Titles{"wave +5", "wave", "wave", "end"}));
}

TEST(OutboxTest, WaitsLongerAfterEachFailureUpToALimit) {
  Outbox outbox(kNoLimit, kPolicy);
  outbox.Put("1", Say("one"), 0s);
  BootTime now = 0s;
  for (const auto pause : {4s, 8s, 16s, 32s, 64s, 100s, 100s}) {
    ASSERT_TRUE(outbox.Next(now));
    EXPECT_FALSE(outbox.Failed(true, 0s, now));
    const BootTime next = *outbox.NextTime();
    EXPECT_GE(next - now, pause);
    EXPECT_LE(next - now, pause * 5 / 4);
    EXPECT_FALSE(outbox.Next(next - 1ns));
    now = next;
  }
  EXPECT_EQ(Deliver(outbox, now), Titles{"one"});
}

TEST(OutboxTest, ASuccessForgetsTheFailures) {
  Outbox outbox(kNoLimit, kPolicy);
  outbox.Put("1", Say("one"), 0s);
  for (BootTime now : {0s, 1000s, 2000s}) {
    ASSERT_TRUE(outbox.Next(now));
    outbox.Failed(true, 0s, now);
  }
  EXPECT_EQ(Deliver(outbox, 3000s), Titles{"one"});
  outbox.Put("2", Say("two"), 3001s);
  ASSERT_TRUE(outbox.Next(3001s));
  outbox.Failed(true, 0s, 3001s);
  EXPECT_LE(*outbox.NextTime(), 3001s + 5s);
}

TEST(OutboxTest, WaitsAsLongAsTheReceiverAsksButNotForEver) {
  Outbox outbox(kNoLimit, kPolicy);
  outbox.Put("1", Say("one"), 0s);
  ASSERT_TRUE(outbox.Next(0s));
  outbox.Failed(true, 500s, 0s);
  EXPECT_EQ(outbox.NextTime(), BootTime(500s));
  ASSERT_TRUE(outbox.Next(500s));
  outbox.Failed(true, 24h * 365, 500s);
  EXPECT_EQ(outbox.NextTime(), BootTime(500s + 1h));
}

TEST(OutboxTest, GivesUpWhatCannotSucceedAndWhatIsTooOld) {
  Outbox outbox(kNoLimit, kPolicy);
  outbox.Put("1", Say("hopeless"), 0s);
  outbox.Put("2", Say("old"), 0s);
  ASSERT_EQ(outbox.Next(0s)->message.title, "hopeless");
  EXPECT_TRUE(outbox.Failed(false, 0s, 0s));
  ASSERT_EQ(outbox.Next(0s)->message.title, "old");
  EXPECT_FALSE(outbox.Failed(true, 0s, 0s));
  ASSERT_EQ(outbox.Next(1h)->message.title, "old");
  EXPECT_TRUE(outbox.Failed(true, 0s, 1h));
  EXPECT_EQ(outbox.NextTime(), std::nullopt);
}

TEST(OutboxTest, TheIdStaysTheSame) {
  Outbox outbox(kNoLimit, kPolicy);
  outbox.Put("id-1", Say("one"), 0s);
  EXPECT_EQ(outbox.Next(0s)->id, "id-1");
  outbox.Failed(true, 0s, 0s);
  EXPECT_EQ(outbox.Next(60s)->id, "id-1");
}

TEST(OutboxTest, BeyondTheLimitTheMostSevereComesLaterAndTellsOfTheRest) {
  Outbox outbox(kThreeAnHour, kPolicy);
  for (int i = 1; i <= 3; ++i) outbox.Put("x", Say("m" + std::to_string(i)), 0s);
  EXPECT_EQ(Deliver(outbox, 0s), (Titles{"m1", "m2", "m3"}));
  outbox.Put("x", Say("info"), 1s);
  outbox.Put("x", Say("error", Level::kError), 2s);
  outbox.Put("x", Say("newer error", Level::kError), 3s);
  outbox.Put("x", Say("warning", Level::kWarning), 4s);
  EXPECT_EQ(Deliver(outbox, 5s), Titles());
  EXPECT_EQ(outbox.NextTime(), BootTime(3600s));
  EXPECT_EQ(Deliver(outbox, 3600s), Titles{"newer error +3"});
  EXPECT_EQ(outbox.left_out(), 3u);
  EXPECT_EQ(outbox.NextTime(), std::nullopt);
  outbox.Put("x", Say("after"), 3601s);
  EXPECT_EQ(Deliver(outbox, 3601s), Titles{"after"});
}

TEST(OutboxTest, ALimitOfNothingIsOne) {
  Outbox outbox({.messages = 0, .period = 60s}, kPolicy);
  for (const char* title : {"first", "second"}) outbox.Put("x", Say(title), 0s);
  EXPECT_EQ(Deliver(outbox, 0s), Titles{"first"});
  EXPECT_EQ(Deliver(outbox, 60s), Titles{"second"});
}

TEST(OutboxTest, WhatIsHeldComesBeforeWhatIsNew) {
  Outbox outbox({.messages = 1, .period = 60s}, kPolicy);
  outbox.Put("x", Say("first"), 0s);
  outbox.Put("x", Say("held"), 1s);
  EXPECT_EQ(Deliver(outbox, 2s), Titles{"first"});
  outbox.Put("x", Say("new"), 61s);
  EXPECT_EQ(Deliver(outbox, 61s), Titles{"held"});
  EXPECT_EQ(Deliver(outbox, 121s), Titles{"new"});
}

TEST(OutboxTest, WhatWasToldIsToldAgainOnlyWhereItDidNotArrive) {
  Outbox outbox({.messages = 1, .period = 60s}, kPolicy);
  outbox.Put("x", Say("first"), 0s);
  EXPECT_EQ(Deliver(outbox, 0s), Titles{"first"});
  for (const char* title : {"a", "b"}) outbox.Put("x", Say(title), 0s);
  EXPECT_EQ(outbox.Next(60s)->left_out, 1u);
  outbox.Failed(true, 0s, 60s);
  outbox.Put("x", Say("c"), 61s);
  outbox.Put("x", Say("d"), 61s);
  EXPECT_EQ(Deliver(outbox, 80s), Titles{"b +2"});
  EXPECT_EQ(Deliver(outbox, 120s), Titles{"d"});
}

TEST(OutboxTest, AFullQueueDropsTheOldestOfTheLeastSevere) {
  Outbox outbox(kNoLimit, kPolicy);
  outbox.Put("x", Say("under way"), 0s);
  ASSERT_TRUE(outbox.Next(0s));
  outbox.Put("x", Say("error", Level::kError), 1s);
  for (const char* title : {"a", "b", "c", "d"}) outbox.Put("x", Say(title), 2s);
  outbox.Delivered();
  EXPECT_EQ(Deliver(outbox, 3s), (Titles{"error +1", "b", "c", "d"}));
}

TEST(OutboxTest, TakeAllGivesWhatWaitsAndWhatIsHeld) {
  Outbox outbox({.messages = 1, .period = 60s}, kPolicy);
  for (const char* title : {"first", "a", "b"}) outbox.Put("x", Say(title), 0s);
  const std::vector<Parcel> parcels = outbox.TakeAll();
  ASSERT_EQ(parcels.size(), 2u);
  EXPECT_EQ(parcels[0].message.title, "first");
  EXPECT_EQ(parcels[0].left_out, 1u);
  EXPECT_EQ(parcels[1].message.title, "b");
  EXPECT_EQ(parcels[1].left_out, 0u);
  EXPECT_EQ(outbox.NextTime(), std::nullopt);
}

}  // namespace
}  // namespace matic::notify

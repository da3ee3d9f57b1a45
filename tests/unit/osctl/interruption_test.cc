#include "osctl/interruption.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

namespace matic::osctl {
namespace {

void SendToProgram(int signal) { ::kill(::getpid(), signal); }

// Not for ever: a death test's process would hang unseen.
void AwaitStop(const Interruption& interruption) {
  for (int i = 0; i < 1000 && !interruption.token().stop_requested(); ++i) ::usleep(10'000);
  if (!interruption.token().stop_requested()) std::abort();
}

class InterruptionDeathTest : public testing::TestWithParam<int> {
 protected:
  InterruptionDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_P(InterruptionDeathTest, AsksForAStopAndThenEndsTheProgram) {
  const auto run = [] {
    Interruption interruption;
    SendToProgram(GetParam());
    AwaitStop(interruption);
    std::cerr << "cleaned up";
    interruption.EndProgram();
  };
  EXPECT_EXIT(run(), testing::KilledBySignal(GetParam()), "cleaned up");
}

TEST_P(InterruptionDeathTest, TheSecondEndsTheProgramAtOnce) {
  const auto run = [] {
    Interruption interruption;
    SendToProgram(GetParam());
    AwaitStop(interruption);
    SendToProgram(GetParam());
    ::sleep(10);
    std::abort();
  };
  EXPECT_EXIT(run(), testing::KilledBySignal(GetParam()), "");
}

TEST_P(InterruptionDeathTest, IsOverWithItsScope) {
  const auto run = [] {
    { Interruption interruption; }
    SendToProgram(GetParam());
    std::abort();
  };
  EXPECT_EXIT(run(), testing::KilledBySignal(GetParam()), "");
}

INSTANTIATE_TEST_SUITE_P(, InterruptionDeathTest, testing::Values(SIGINT, SIGTERM, SIGHUP));

TEST(Interruption, WithoutASignalNothingHappens) {
  Interruption interruption;
  interruption.EndProgram();
  EXPECT_FALSE(interruption.token().stop_requested());
}

TEST(Interruption, WhatIsIgnoredStaysIgnored) {
  ::signal(SIGHUP, SIG_IGN);
  {
    Interruption interruption;
    SendToProgram(SIGHUP);
    ::usleep(50'000);
    EXPECT_FALSE(interruption.token().stop_requested());
    interruption.EndProgram();
  }
  ::signal(SIGHUP, SIG_DFL);
}

}  // namespace
}  // namespace matic::osctl

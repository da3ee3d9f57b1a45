#include "osctl/health_view.h"

#include <gtest/gtest.h>

#include <sstream>

namespace matic::osctl {
namespace {

class HealthViewTest : public testing::Test {
 protected:
  HealthViewTest() {
    health_.set_state(v1::HEALTH_STATE_HEALTHY);
    health_.mutable_last_updated()->set_seconds(1769475600);
    Set("boot", v1::CHECK_RESULT_PASSED, "up 312 s");
    Set("shop", v1::CHECK_RESULT_PASSED, "answers 200");
  }

  void Set(const std::string& name, v1::CheckResult result, const std::string& output) {
    v1::HealthCheck* check = nullptr;
    for (v1::HealthCheck& known : *health_.mutable_checks()) {
      if (known.name() == name) check = &known;
    }
    if (check == nullptr) check = health_.add_checks();
    check->set_name(name);
    check->set_critical(true);
    check->set_result(result);
    check->set_duration_milliseconds(8);
    check->set_output(output);
  }

  // What one more look adds to the output.
  std::string Shown() {
    out_.str("");
    view_->Update(health_);
    return out_.str();
  }

  void UseTerminal(size_t width, size_t height) {
    view_.emplace(out_, Terminal{.interactive = true, .width = width, .height = height});
  }

  v1::GetHealthResponse health_;
  std::ostringstream out_;
  std::optional<HealthView> view_{std::in_place, out_, Terminal{}};
};

TEST_F(HealthViewTest, APipeGetsEveryCheckOnceAndThenWhatChanges) {
  EXPECT_EQ(Shown(),
            "2026-01-27T01:00:00Z   HEALTHY\n"
            "  ok    boot         8 ms   up 312 s\n"
            "  ok    shop         8 ms   answers 200\n");
  Set("boot", v1::CHECK_RESULT_PASSED, "up 314 s");
  EXPECT_EQ(Shown(), "") << "only time has passed";

  health_.set_state(v1::HEALTH_STATE_UNHEALTHY);
  Set("shop", v1::CHECK_RESULT_FAILED, "answers 503");
  EXPECT_EQ(Shown(),
            "2026-01-27T01:00:00Z   UNHEALTHY\n"
            "  FAIL  shop         8 ms   answers 503\n");
  Set("shop", v1::CHECK_RESULT_FAILED, "Connection refused");
  EXPECT_EQ(Shown(),
            "2026-01-27T01:00:00Z   UNHEALTHY\n"
            "  FAIL  shop         8 ms   Connection refused\n");
}

TEST_F(HealthViewTest, ANodeThatIsLostIsToldOnceAndSoIsItsReturn) {
  Shown();
  out_.str("");
  view_->Lost("Connection refused");
  view_->Lost("Connection refused");
  EXPECT_EQ(out_.str(), "No answer: Connection refused\n");
  EXPECT_EQ(Shown(), "2026-01-27T01:00:00Z   HEALTHY\n");
}

TEST_F(HealthViewTest, ACheckThatIsGoneIsAChange) {
  HealthChange change;
  change.Take(health_);
  EXPECT_TRUE(change.any());
  change.Take(health_);
  EXPECT_FALSE(change.any());
  health_.mutable_checks()->RemoveLast();
  change.Take(health_);
  EXPECT_TRUE(change.any());
}

TEST_F(HealthViewTest, ATerminalIsDrawnAnewInPlace) {
  UseTerminal(80, 24);
  const std::string text =
      "HEALTHY   last updated 2026-01-27T01:00:00Z\n"
      "  ok    boot         8 ms   up 312 s\n"
      "  ok    shop         8 ms   answers 200\n";
  EXPECT_EQ(Shown(), text);
  EXPECT_EQ(Shown(), "\x1b[3A\r\x1b[J" + text);
  out_.str("");
  view_->Lost("gone");
  EXPECT_EQ(out_.str(), "\x1b[3A\r\x1b[JNo answer: gone\n" + text);
  EXPECT_EQ(Shown(), "\x1b[4A\r\x1b[J" + text);
}

TEST_F(HealthViewTest, WhatDoesNotFitOnTheScreenIsCut) {
  UseTerminal(20, 3);
  EXPECT_EQ(Shown(), "HEALTHY   last upd…\n  ok    boot      …\n");
}

}  // namespace
}  // namespace matic::osctl

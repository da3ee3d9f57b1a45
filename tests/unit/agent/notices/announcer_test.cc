#include "agent/notices/announcer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/fakes/engine/fake_engine.h"
#include "tests/fakes/fake_process_runner.h"
#include "tests/fakes/manual_clock.h"
#include "tests/unit/lib/notify/fake_transport.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::notices {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

engine::HistoryEvent Happened(const std::string& kind) {
  engine::HistoryEvent event;
  event.kind = kind;
  return event;
}

class AnnouncerTest : public testing::Test {
 protected:
  AnnouncerTest() { engine_.SetHealth({}); }  // the fake's own is degraded

  static notify::Channel Hook() {
    notify::Channel channel;
    channel.name = "hook";
    channel.target = notify::Webhook{
        .url = "https://hooks.example.com", .url_secret = {}, .token = {}, .ca_file = {}};
    return channel;
  }

  void Make(std::vector<notify::Channel> channels = {Hook()}) {
    announcer_ = std::make_unique<Announcer>(Options(std::move(channels)), courier_, clock_);
  }
  AnnouncerOptions Options(std::vector<notify::Channel> channels) const {
    return {.node = "edge-7",
            .long_running = 120s,
            .channels = std::move(channels),
            .certificate_end = [this] { return certificate_end_; },
            .folder = folder_ / "notifications"};
  }

  // The watch's next look has been taken when this returns.
  void PassAMinute() {
    clock_.AwaitWaiters(1);
    clock_.Advance(1min);
    clock_.AwaitWaiters(1);
  }

  std::vector<std::string> Titles(size_t count) {
    transport_.AwaitRequests(count);
    std::vector<std::string> titles;
    for (const notify::HttpRequest& request : transport_.requests()) {
      titles.push_back(Json::parse(request.body).at("title"));
    }
    return titles;
  }

  health::Report Unhealthy() {
    health::Report report;
    report.checks = {{.name = "tcp",
                      .critical = true,
                      .result = health::CheckResult::kFailed,
                      .output = "refused"}};
    return report;
  }

  const TemporaryFolder folder_;
  fakes::ManualClock clock_;
  notify::FakeTransport transport_;
  fakes::FakeProcessRunner processes_;
  notify::Courier courier_{transport_, processes_};
  engine::FakeEngine engine_;
  std::optional<WallTime> certificate_end_;
  std::unique_ptr<Announcer> announcer_;
};

TEST_F(AnnouncerTest, WhatHappensBeforeTheStartIsToldAfterIt) {
  Make();
  announcer_->Tell(Happened("rolled-back"));
  EXPECT_TRUE(transport_.requests().empty());
  announcer_->Start(engine_);
  EXPECT_EQ(Titles(1), std::vector<std::string>{"Rolled back"});
  EXPECT_EQ(Json::parse(transport_.requests().at(0).body).at("node"), "edge-7");
  announcer_->Stop(10s);
  EXPECT_EQ(announcer_->Counts().at(0).delivered, 1u);
}

TEST_F(AnnouncerTest, StopSendsWhatWaits) {
  Make();
  announcer_->Start(engine_);
  announcer_->Tell(Happened("failed"));
  announcer_->Stop(10s);
  EXPECT_EQ(Titles(1), std::vector<std::string>{"Update failed"});
}

TEST_F(AnnouncerTest, OtherChannelsAreToldFromTheirConfigurationOn) {
  Make({});
  announcer_->Start(engine_);
  announcer_->Tell(Happened("failed"));
  announcer_->Configure(Options({Hook()}));
  announcer_->Tell(Happened("rolled-back"));
  EXPECT_EQ(Titles(1), std::vector<std::string>{"Rolled back"});
  announcer_->Configure(Options({}));
  announcer_->Tell(Happened("failed"));
  announcer_->Stop(10s);
  EXPECT_EQ(transport_.requests().size(), 1u);
  EXPECT_TRUE(announcer_->Counts().empty());
}

TEST_F(AnnouncerTest, WhatWaitsIsSentUnderTheNewConfiguration) {
  transport_.AnswerWith([](size_t) -> Result<notify::HttpAnswer> {
    return Fail(ErrorCode::kUnavailable, "no connection");
  });
  Make();
  announcer_->Start(engine_);
  announcer_->Tell(Happened("failed"));
  transport_.AwaitRequests(1);
  transport_.AnswerWith([](size_t) -> Result<notify::HttpAnswer> {
    return notify::HttpAnswer{.status = 204, .retry_after = {}, .text = {}};
  });
  notify::Channel elsewhere = Hook();
  std::get<notify::Webhook>(elsewhere.target).url = "https://elsewhere.example.com";
  announcer_->Configure(Options({elsewhere}));
  announcer_->Stop(10s);
  const std::vector<notify::HttpRequest> requests = transport_.requests();
  EXPECT_EQ(Json::parse(requests.back().body).at("id"), Json::parse(requests[0].body).at("id"));
}

TEST_F(AnnouncerTest, AnUpdateThatLastsIsToldOnce) {
  Make();
  engine::ScheduleRequest request;
  request.source = "https://h/os";
  const auto schedule = engine_.ScheduleUpdate(request, {"root"});
  ASSERT_TRUE(schedule);
  engine_.Advance(schedule->id, [](engine::Schedule& changed) {
    changed.state = engine::ScheduleState::kInProgress;
    changed.phase = engine::Phase::kFetching;
  });
  announcer_->Start(engine_);
  for (int minute = 0; minute < 6; ++minute) PassAMinute();
  announcer_->Stop(10s);
  EXPECT_EQ(Titles(1), std::vector<std::string>{"Update takes long"});
}

TEST_F(AnnouncerTest, BadHealthIsToldButNotThatOfATrial) {
  Make();
  engine_.SetHealth(Unhealthy());
  engine::Status status = engine_.status();
  const engine::Status usual = status;
  status.trial_target = "slot-b";
  engine_.SetStatus(status);
  announcer_->Start(engine_);
  PassAMinute();
  PassAMinute();
  engine_.SetStatus(usual);
  announcer_->Tell(Happened("failed"));
  EXPECT_EQ(Titles(1), std::vector<std::string>{"Update failed"});
  PassAMinute();
  PassAMinute();
  announcer_->Stop(10s);
  EXPECT_EQ(Titles(2), (std::vector<std::string>{"Update failed", "Unhealthy"}));
}

TEST_F(AnnouncerTest, ACertificatesEndIsTold) {
  Make();
  certificate_end_ = clock_.Now() + 24h * 5;
  announcer_->Start(engine_);
  PassAMinute();
  PassAMinute();
  announcer_->Stop(10s);
  EXPECT_EQ(Titles(1), std::vector<std::string>{"The API's certificate expires soon"});
}

TEST_F(AnnouncerTest, AnEngineThatCannotAnswerIsAskedAgain) {
  Make();
  engine_.SetHealth(Unhealthy());
  engine_.Break(Error{ErrorCode::kInternal, "no facts"});
  announcer_->Start(engine_);
  PassAMinute();
  engine_.Break(std::nullopt);
  PassAMinute();
  announcer_->Stop(10s);
  EXPECT_EQ(Titles(1), std::vector<std::string>{"Unhealthy"});
}

TEST_F(AnnouncerTest, WithoutChannelsNothingIsAsked) {
  Make({});
  announcer_->Start(engine_);
  announcer_->Tell(Happened("failed"));
  announcer_->Stop(10s);
  EXPECT_TRUE(clock_.waits().empty());
  EXPECT_TRUE(announcer_->Counts().empty());
}

}  // namespace
}  // namespace matic::notices

#include "lib/notify/notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "tests/fakes/fake_process_runner.h"
#include "tests/unit/lib/notify/fake_transport.h"

namespace matic::notify {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class NotifierTest : public testing::Test {
 protected:
  static Channel Hook(const std::string& name) {
    Channel channel;
    channel.name = name;
    channel.target = Webhook{
        .url = "https://" + name + ".example.com", .url_secret = {}, .token = {}, .ca_file = {}};
    return channel;
  }
  static Channel MailTo(const std::string& name) {
    Email email;
    email.host = "mail.example.com";
    email.from = "agent@example.com";
    email.to = {"ops@example.com"};
    Channel channel;
    channel.name = name;
    channel.target = email;
    return channel;
  }
  static Message Say(const std::string& title, Level level = Level::kError) {
    Message message;
    message.title = title;
    message.level = level;
    message.event = Event::kUpdateFailed;
    return message;
  }

  void Make(std::vector<Channel> channels) {
    notifier_ = std::make_unique<Notifier>(std::move(channels), retry_, courier_, clock_,
                                           [this](const DeliveryReport& report) {
                                             const std::scoped_lock lock(mutex_);
                                             reports_.push_back(report);
                                             changed_.notify_all();
                                           });
    notifier_->Start();
  }
  void AwaitReports(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reports_.size() >= count; });
  }

  FakeTransport transport_;
  fakes::FakeProcessRunner processes_;
  Courier courier_{transport_, processes_};
  SystemClock clock_;
  RetryPolicy retry_{.first = 1ms, .longest = 2ms, .give_up = 1h, .queue = 64};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<DeliveryReport> reports_;
  std::unique_ptr<Notifier> notifier_;
};

TEST_F(NotifierTest, EveryChannelThatWantsItGetsItOnceUnderOneId) {
  Channel picky = Hook("picky");
  picky.events = {Event::kRolledBack};
  Make({Hook("a"), Hook("b"), picky});
  notifier_->Send(Say("Update failed"));
  AwaitReports(2);
  notifier_->Stop(10s);
  const std::vector<HttpRequest> requests = transport_.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].body, requests[1].body);
  EXPECT_THAT(requests[0].body, HasSubstr("\"title\":\"Update failed\""));
}

TEST_F(NotifierTest, TriesAgainUntilItIsDelivered) {
  transport_.AnswerWith([](size_t number) -> Result<HttpAnswer> {
    if (number < 4) return Fail(ErrorCode::kUnavailable, "a.example.com: no connection");
    return HttpAnswer{.status = 204, .retry_after = {}, .text = {}};
  });
  Make({Hook("a")});
  notifier_->Send(Say("Update failed"));
  AwaitReports(4);
  EXPECT_EQ(reports_[2].error->message, "a.example.com: no connection");
  EXPECT_FALSE(reports_[2].given_up);
  EXPECT_FALSE(reports_[3].error);
  EXPECT_EQ(notifier_->Counts()[0].delivered, 1u);
  EXPECT_EQ(notifier_->Counts()[0].failed, 0u);
}

TEST_F(NotifierTest, TheRateLimitHoldsAndIsTold) {
  Channel channel = Hook("a");
  channel.rate_limit = {.messages = 2, .period = 3600s};
  Make({channel});
  for (int i = 0; i < 10; ++i) notifier_->Send(Say("m" + std::to_string(i)));
  AwaitReports(2);
  EXPECT_EQ(transport_.requests().size(), 2u);
  notifier_->Stop(10s);
  const std::vector<HttpRequest> requests = transport_.requests();
  ASSERT_EQ(requests.size(), 3u);
  uint64_t told = 0;
  for (const HttpRequest& request : requests) {
    told += nlohmann::json::parse(request.body)["left_out"].get<uint64_t>();
  }
  EXPECT_EQ(told, 7u);
  EXPECT_THAT(requests[2].body, HasSubstr("\"title\":\"m9\""));
  EXPECT_EQ(notifier_->Counts()[0].left_out, 7u);
}

TEST_F(NotifierTest, AChannelThatHangsHoldsUpNeitherTheCallerNorTheOthers) {
  transport_.HangMail();
  Make({MailTo("mail"), Hook("a")});
  for (int i = 0; i < 5; ++i) notifier_->Send(Say("m" + std::to_string(i)));
  transport_.AwaitMails(1);
  transport_.AwaitRequests(5);
}

TEST_F(NotifierTest, StopEndsWhatHangsAtItsDeadline) {
  transport_.HangMail();
  Make({MailTo("mail")});
  for (int i = 0; i < 3; ++i) notifier_->Send(Say("m" + std::to_string(i)));
  transport_.AwaitMails(1);
  notifier_->Stop(10ms);
  EXPECT_EQ(transport_.mails().size(), 1u);
  const ChannelCounts counts = notifier_->Counts()[0];
  EXPECT_EQ(counts.delivered, 0u);
  EXPECT_EQ(counts.failed, 3u);
  EXPECT_TRUE(reports_.back().given_up);
  notifier_->Send(Say("too late"));
  EXPECT_EQ(notifier_->Counts()[0].failed, 3u);
}

TEST_F(NotifierTest, StopTriesWhatWaitsForItsRetryAtOnce) {
  retry_ = {.first = 1h, .longest = 1h, .give_up = 24h, .queue = 64};
  transport_.AnswerWith([](size_t number) -> Result<HttpAnswer> {
    if (number == 1) return Fail(ErrorCode::kUnavailable, "a.example.com: no connection");
    return HttpAnswer{.status = 200, .retry_after = {}, .text = {}};
  });
  Make({Hook("a")});
  notifier_->Send(Say("one"));
  AwaitReports(1);
  notifier_->Send(Say("two"));
  notifier_->Stop(10s);
  EXPECT_EQ(notifier_->Counts()[0].delivered, 2u);
  EXPECT_EQ(transport_.requests().size(), 3u);
}

TEST_F(NotifierTest, WhatWasSentBeforeTheStartIsNotLost) {
  notifier_ = std::make_unique<Notifier>(std::vector<Channel>{Hook("a")}, retry_, courier_, clock_,
                                         nullptr);
  notifier_->Send(Say("early"));
  EXPECT_TRUE(transport_.requests().empty());
  notifier_->Start();
  transport_.AwaitRequests(1);
}

}  // namespace
}  // namespace matic::notify

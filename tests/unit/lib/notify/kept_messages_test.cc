// What waits outlives the program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "lib/notify/notifier.h"
#include "lib/notify/outbox_file.h"
#include "tests/fakes/fake_process_runner.h"
#include "tests/unit/lib/notify/fake_transport.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::notify {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
namespace fs = std::filesystem;

class KeptMessagesTest : public testing::Test {
 protected:
  KeptMessagesTest() { folder_ = base_ / "notifications"; }
  ~KeptMessagesTest() override { notifier_.reset(); }

  static Channel Hook(uint32_t limit = 20) {
    Channel channel;
    channel.name = "hook";
    channel.target =
        Webhook{.url = "https://hook.example.com", .url_secret = {}, .token = {}, .ca_file = {}};
    channel.rate_limit = {.messages = limit, .period = 3600s};
    return channel;
  }
  static Message Say(const std::string& title) {
    Message message;
    message.title = title;
    message.body = "line one\nline two";
    message.node = "edge-7";
    message.level = Level::kError;
    message.event = Event::kRolledBack;
    message.fields = {{"version", "2.0"}};
    message.time = *ParseTime("2026-01-27T01:00:00Z");
    return message;
  }

  void Make(std::vector<Channel> channels, const fs::path& folder) {
    notifier_.reset();
    const auto report = [this](const DeliveryReport& told) {
      const std::scoped_lock lock(mutex_);
      reports_.push_back(told);
    };
    notifier_ = std::make_unique<Notifier>(std::move(channels), RetryPolicy{}, courier_, clock_,
                                           report, folder);
    notifier_->Start();
  }
  void Unreachable() {
    transport_.AnswerWith([](size_t) -> Result<HttpAnswer> {
      return Fail(ErrorCode::kUnavailable, "no connection");
    });
  }
  void Reachable() {
    transport_.AnswerWith([](size_t) -> Result<HttpAnswer> {
      return HttpAnswer{.status = 204, .retry_after = {}, .text = {}};
    });
  }
  // Titles of the requests from number `first` on.
  std::vector<std::string> Titles(size_t first) {
    std::vector<std::string> titles;
    const std::vector<HttpRequest> requests = transport_.requests();
    for (size_t i = first; i < requests.size(); ++i) {
      titles.push_back(nlohmann::json::parse(requests[i].body).at("title"));
    }
    return titles;
  }
  OutboxContent Kept() {
    auto content = OutboxFile(folder_ / "hook.json").Load(clock_.Now());
    EXPECT_TRUE(content) << content.error().message;
    return content ? *content : OutboxContent{};
  }

  const TemporaryFolder temporary_;
  const fs::path base_ = temporary_.path();
  fs::path folder_;
  FakeTransport transport_;
  fakes::FakeProcessRunner processes_;
  Courier courier_{transport_, processes_};
  SystemClock clock_;
  std::mutex mutex_;
  std::vector<DeliveryReport> reports_;
  std::unique_ptr<Notifier> notifier_;
};

TEST_F(KeptMessagesTest, AMessageIsOnDiskBeforeItIsTried) {
  Unreachable();
  Make({Hook()}, folder_);
  notifier_->Send(Say("Rolled back"));
  transport_.AwaitRequests(1);
  fs::copy(folder_, base_ / "as the kill left it");  // no Stop, no destructor
  notifier_.reset();

  const size_t tried = transport_.requests().size();
  Reachable();
  Make({Hook()}, base_ / "as the kill left it");
  transport_.AwaitRequests(tried + 1);
  const std::vector<HttpRequest> requests = transport_.requests();
  EXPECT_EQ(requests.back().body, requests.front().body) << "the same words, under the same id";
}

TEST_F(KeptMessagesTest, WhatStopCannotDeliverIsSentByTheNext) {
  Unreachable();
  Make({Hook()}, folder_);
  notifier_->Send(Say("one"));
  notifier_->Send(Say("two"));
  notifier_->Stop(10s);
  EXPECT_EQ(notifier_->Counts()[0].failed, 0u) << "nothing is given up";
  EXPECT_THAT(Kept().queue, SizeIs(2));

  const size_t tried = transport_.requests().size();
  Reachable();
  Make({Hook()}, folder_);
  transport_.AwaitRequests(tried + 2);
  notifier_->Stop(10s);
  EXPECT_THAT(Titles(tried), ElementsAre("one", "two"));
  EXPECT_THAT(Kept().queue, IsEmpty());
}

TEST_F(KeptMessagesTest, TheRateLimitCountsWhatWasSentBefore) {
  Reachable();
  Make({Hook(2)}, folder_);
  for (const char* title : {"one", "two", "three", "four"}) notifier_->Send(Say(title));
  transport_.AwaitRequests(2);
  notifier_->Stop(10s);
  Make({Hook(2)}, folder_);
  notifier_->Send(Say("five"));
  notifier_->Stop(10s);
  EXPECT_THAT(Titles(0), ElementsAre("one", "two"));
  const OutboxContent kept = Kept();
  ASSERT_TRUE(kept.held);
  EXPECT_EQ(kept.held->message.title, "five");
  uint64_t told = kept.left_out;
  for (const HttpRequest& request : transport_.requests()) {
    told += nlohmann::json::parse(request.body).at("left_out").get<uint64_t>();
  }
  EXPECT_EQ(told, 2u) << "of three and four";
}

TEST_F(KeptMessagesTest, AMessageComesBackAsItWas) {
  OutboxFile file(folder_ / "hook.json");
  OutboxContent content;
  content.queue.push_back({"abc1", Say("Rolled back"), 5s});
  content.held = OutboxContent::Waiting{"abc2", Say("held"), 1s};
  content.admitted = {100s, 7s};
  content.left_out = 3;
  const WallTime saved = *ParseTime("2026-01-27T01:00:00Z");
  ASSERT_TRUE(file.Save(content, saved));

  const auto loaded = file.Load(saved + 60s);
  ASSERT_TRUE(loaded) << loaded.error().message;
  ASSERT_THAT(loaded->queue, SizeIs(1));
  const Message& message = loaded->queue[0].message;
  EXPECT_EQ(loaded->queue[0].id, "abc1");
  EXPECT_EQ(loaded->queue[0].age, 65s);
  EXPECT_EQ(message.title, "Rolled back");
  EXPECT_EQ(message.body, "line one\nline two");
  EXPECT_EQ(message.node, "edge-7");
  EXPECT_EQ(message.level, Level::kError);
  EXPECT_EQ(message.event, Event::kRolledBack);
  EXPECT_EQ(message.fields, (std::vector<Field>{{"version", "2.0"}}));
  EXPECT_EQ(message.time, Say("").time);
  EXPECT_EQ(loaded->held->id, "abc2");
  EXPECT_THAT(loaded->admitted, ElementsAre(160s, 67s));
  EXPECT_EQ(loaded->left_out, 3u);

  EXPECT_EQ(file.Load(saved - 1h)->queue[0].age, 5s) << "a clock that was set back";
}

TEST_F(KeptMessagesTest, AFileThatCannotBeReadIsSetAsideAndTold) {
  const std::string texts[] = {"",
                               "not json",
                               "[]",
                               "{}",
                               R"({"queue": 3})",
                               R"({"version": 1, "saved": "x", "queue": [{"id": 7}]})",
                               R"({"version": 1, "saved": "x", "queue": [], "admitted_ms": ["x"]})",
                               std::string(5u << 20, ' '),
                               std::string(200000, '[')};
  Reachable();
  size_t sent = 0;
  for (const std::string& text : texts) {
    notifier_.reset();
    fs::create_directories(folder_);
    std::ofstream(folder_ / "hook.json") << text;
    reports_.clear();
    Make({Hook()}, folder_);
    ASSERT_THAT(reports_, SizeIs(1)) << text.substr(0, 60);
    EXPECT_THAT(reports_[0].error->message, HasSubstr("set aside")) << text.substr(0, 60);
    notifier_->Send(Say("it goes on"));
    transport_.AwaitRequests(++sent);
  }
}

TEST_F(KeptMessagesTest, NumbersFromAFileAreWithinReason) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "hook.json")
      << R"({"version": 1, "saved": "1970-01-01T00:00:00Z", "left_out": 18446744073709551615,)"
      << R"("admitted_ms": [9223372036854775807, -9223372036854775808], "queue": [{"id": "../x",)"
      << R"("age_ms": -1, "level": "loud", "event": "party", "title": "a\nb", "body": "",)"
      << R"("node": "", "fields": [], "time": "never"}]})";
  const OutboxContent content = Kept();
  ASSERT_THAT(content.queue, SizeIs(1));
  EXPECT_EQ(content.queue[0].id, "x");
  EXPECT_EQ(content.queue[0].message.title.find('\n'), std::string::npos);
  for (const auto age : content.admitted) EXPECT_GE(age, 0ms);
}

TEST_F(KeptMessagesTest, FilesOfOtherChannelsAreRemoved) {
  fs::create_directories(folder_);
  for (const char* name : {"gone.json", "hook.json.bad-1"}) std::ofstream(folder_ / name) << "x";
  Make({Hook()}, folder_);
  EXPECT_FALSE(fs::exists(folder_ / "gone.json"));
  EXPECT_TRUE(fs::exists(folder_ / "hook.json.bad-1"));
}

TEST_F(KeptMessagesTest, WhereNothingCanBeKeptEverythingIsSentAndToldOnce) {
  std::ofstream(base_ / "notifications") << "a file in the folder's place";
  Reachable();
  Make({Hook()}, folder_);
  reports_.clear();
  notifier_->Send(Say("one"));
  notifier_->Send(Say("two"));
  transport_.AwaitRequests(2);
  notifier_->Stop(10s);
  EXPECT_EQ(
      std::ranges::count_if(reports_, [](const auto& told) { return told.error.has_value(); }), 1);
}

}  // namespace
}  // namespace matic::notify

#include "agent/metrics/metrics_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/metrics/traffic.h"
#include "lib/http/curl_http_client.h"
#include "tests/fakes/engine/fake_engine.h"
#include "tests/fakes/fake_block_device.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Text final : public http::BodySink {
 public:
  Result<> Begin(const http::ResponseHead&) override { return {}; }
  Result<> Write(std::span<const uint8_t> bytes) override {
    text.append(bytes.begin(), bytes.end());
    return {};
  }
  std::string text;
};

class MetricsServerTest : public testing::Test {
 protected:
  MetricsServerTest() {
    auto server =
        MetricsServer::Start({.listen = "127.0.0.1:0", .state_dir = folder_ / "", .pki_dirs = {}},
                             {.engine = engine_, .traffic = traffic_, .notifications = [] {
                                return std::vector<notify::ChannelCounts>{{"chat", 3, 1, 0}};
                              }});
    if (server) server_ = std::move(*server);
  }

  std::string Scrape() {
    http::CurlHttpClient client({});
    Text sink;
    const auto head =
        client.Get({.url = "http://127.0.0.1:" + std::to_string(server_->port()) + "/metrics",
                    .offset = 0,
                    .validator = {},
                    .max_bytes = 1 << 20},
                   sink, {});
    EXPECT_TRUE(head) << head.error().message;
    return "\n" + sink.text;
  }

  static engine::Status SmallStatus() {
    engine::Status status;
    status.node_name = "edge-7";
    status.backend = "ab";
    status.phase = engine::Phase::kOnTrial;
    status.trial_target = "slot-b";
    status.boot_counter = 2;
    status.problems = {"one"};
    status.last_update_time = WallTime(std::chrono::seconds(1769475600));
    update::Target target;
    target.name = "slot-b";
    target.version = "2.0 \"\xff\n\"";
    target.running = target.bootable = true;
    target.priority = 2;
    target.tries = 1;
    status.facts.targets = {target};
    return status;
  }

  const TemporaryFolder folder_;
  engine::FakeEngine engine_;
  Traffic traffic_;
  std::unique_ptr<MetricsServer> server_;
};

TEST_F(MetricsServerTest, TellsWhatTheEngineSays) {
  engine_.SetStatus(SmallStatus());
  traffic_.fetched = 12345;
  ASSERT_TRUE(server_);
  const std::string text = Scrape();
  for (const char* line : {"matic_phase{phase=\"on-trial\"} 1\n", "matic_phase{phase=\"none\"} 0\n",
                           "matic_on_trial 1\n", "matic_trial_starts 2\n", "matic_problems 1\n",
                           "matic_last_success_timestamp_seconds 1769475600\n",
                           "matic_target_running{target=\"slot-b\"} 1\n",
                           "matic_target_successful{target=\"slot-b\"} 0\n",
                           "matic_target_tries_left{target=\"slot-b\"} 1\n",
                           "matic_updates_total{result=\"completed\"} 0\n",
                           "matic_rollbacks_total{kind=\"automatic\",cause=\"health\"} 0\n",
                           "matic_fetched_bytes_total 12345\n", "matic_collect_errors_total 0\n",
                           "matic_notifications_total{channel=\"chat\",result=\"failed\"} 1\n"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + line));
  }
  EXPECT_THAT(text, HasSubstr("version=\"2.0 \\\"\uFFFD\\n\\\"\""));
}

TEST_F(MetricsServerTest, TellsOfChecksThatHaveEnded) {
  health::Report report;
  report.checks = {{.name = "service",
                    .critical = true,
                    .result = health::CheckResult::kFailed,
                    .duration = std::chrono::milliseconds(250),
                    .attempts = 3,
                    .output = {}},
                   {.name = "network", .critical = false, .output = {}}};
  engine_.SetHealth(report);
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("matic_check_passed{check=\"service\",critical=\"yes\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("matic_check_duration_seconds{check=\"service\"} 0.25\n"));
  EXPECT_THAT(text, HasSubstr("matic_health{state=\"unhealthy\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("check=\"network\"")));
}

TEST_F(MetricsServerTest, CountsWhatEnds) {
  const auto schedule = engine_.ScheduleUpdate({}, {"test"});
  ASSERT_TRUE(schedule) << schedule.error().message;
  EXPECT_THAT(Scrape(), Not(HasSubstr("schedule_created_timestamp_seconds 0\n")));
  engine_.Advance(schedule->id, [](engine::Schedule& ended) {
    ended.state = engine::ScheduleState::kRolledBack;
    ended.updated = ended.created + std::chrono::seconds(90);
  });
  ASSERT_TRUE(engine_.TriggerRollback({.reason = "tea"}, {"test"}));
  for (int i = 0; i < 2; ++i) {
    const std::string text = Scrape();
    EXPECT_THAT(text, HasSubstr("matic_updates_total{result=\"rolled-back\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("matic_update_duration_seconds_sum{result=\"rolled-back\"} 9"));
    EXPECT_THAT(text, HasSubstr("matic_rollbacks_total{kind=\"manual\",cause=\"manual\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("schedule_created_timestamp_seconds 0\n"));
  }
}

TEST_F(MetricsServerTest, GoesOnWhileTheEngineFails) {
  engine_.Break(Error{ErrorCode::kIo, "the disk is gone"});
  const std::string text = Scrape();
  EXPECT_THAT(text, Not(HasSubstr("matic_phase")));
  EXPECT_THAT(text, Not(HasSubstr("matic_collect_errors_total 0\n")));
  EXPECT_THAT(text, HasSubstr("matic_updates_total{result=\"completed\"} 0\n"));
  engine_.Break(std::nullopt);
  EXPECT_THAT(Scrape(), HasSubstr("matic_phase{"));
}

TEST_F(MetricsServerTest, APortThatIsTakenIsRefused) {
  const auto second =
      MetricsServer::Start({.listen = "127.0.0.1:" + std::to_string(server_->port()),
                            .state_dir = folder_ / "",
                            .pki_dirs = {}},
                           {.engine = engine_, .traffic = traffic_, .notifications = nullptr});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr("metrics.listen"));
}

TEST(TrafficTest, CountsWhatPasses) {
  fakes::FakeHttpClient server;
  server.Put("https://example.com/os", std::vector<uint8_t>(1000));
  fakes::FakeBlockDevice disk(4096);
  Traffic traffic;
  CountingHttpClient client(server, traffic);
  CountingBlockDevice device(disk, traffic);
  Text sink;
  ASSERT_TRUE(
      client.Get({.url = "https://example.com/os", .offset = 0, .validator = {}, .max_bytes = 1000},
                 sink, {}));
  EXPECT_FALSE(
      client.Get({.url = "https://example.com/other", .offset = 0, .validator = {}, .max_bytes = 1},
                 sink, {}));
  EXPECT_EQ(sink.text.size(), 1000u);
  EXPECT_EQ(traffic.fetched, 1000u);
  const std::vector<uint8_t> sector(512, 7);
  ASSERT_TRUE(device.Write(512, sector));
  EXPECT_FALSE(device.Write(4096, sector));
  std::vector<uint8_t> back(512);
  ASSERT_TRUE(device.Flush());
  ASSERT_TRUE(device.Read(512, back));
  EXPECT_EQ(back, sector);
  EXPECT_EQ(device.size(), 4096u);
  EXPECT_EQ(traffic.written, 512u);
  EXPECT_EQ(traffic.reused, 0u);
}

}  // namespace
}  // namespace matic::metrics

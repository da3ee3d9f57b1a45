#include "osctl/fleet/metrics/run_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "lib/os/durable_file.h"
#include "tests/unit/lib/os/temporary_folder.h"
#include "tests/unit/osctl/fleet/planner/run_scene.h"

namespace matic::fleet {
namespace {

using testing::HasSubstr;
using testing::Not;
using Write = RunMetrics::Write;

class RunMetricsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = RunMetrics::Open({.textfile = file_, .listen = {}});
    ASSERT_TRUE(opened) << opened.error().message;
    metrics_ = *std::move(opened);
  }

  std::string Show(Write when = Write::kNow) {
    const RunRecord run{
        .id = "run-1", .fleet = "lab", .requested_by = "alice@desk", .plan = scene_.plan()};
    const Result<> shown = metrics_->Show({.fleet = "lab",
                                           .run = &run,
                                           .state = &scene_.state(),
                                           .successes = successes_,
                                           .channels = channels_,
                                           .now = scene_.now()},
                                          when);
    EXPECT_TRUE(shown) << shown.error().message;
    return ReadFile(file_, 1 << 20).value_or("");
  }

  const TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "fleet.prom";
  std::unique_ptr<RunMetrics> metrics_;
  Scene scene_;
  Successes successes_;
  std::vector<notify::ChannelCounts> channels_;
};

TEST_F(RunMetricsTest, ARunThatGoesOn) {
  scene_.AddGroup("web", {"a", "b"}).parallel = 1;
  scene_.AddGroup("db", {"c"}).policy = UpdatePolicy::kManualApproval;
  scene_.Start();
  scene_.Begin();
  scene_.Check("web");
  scene_.Update({"a"});
  scene_.Pass(std::chrono::seconds(90));
  const std::string text = Show();
  EXPECT_THAT(text, HasSubstr("# TYPE matic_fleet_run_state gauge\n"));
  EXPECT_THAT(text, HasSubstr(R"(matic_fleet_run_state{fleet="lab",state="running"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(matic_fleet_run_state{fleet="lab",state="well"} 0)"));
  EXPECT_THAT(text, HasSubstr(R"(matic_fleet_run_machines{fleet="lab",phase="updated"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(matic_fleet_run_machines{fleet="lab",phase="failed"} 0)"));
  EXPECT_THAT(text, HasSubstr("matic_fleet_run_waves{fleet=\"lab\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("matic_fleet_run_waves_done{fleet=\"lab\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("matic_fleet_run_groups_to_approve{fleet=\"lab\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("matic_fleet_run_duration_seconds{fleet=\"lab\"} 90\n"));
  EXPECT_THAT(text, HasSubstr("matic_fleet_run_start_timestamp_seconds{fleet=\"lab\"} 1772"));
  EXPECT_THAT(text, Not(HasSubstr("run_end_timestamp_seconds")));
  EXPECT_THAT(text, Not(HasSubstr("last_success")));
  EXPECT_THAT(
      text,
      HasSubstr(
          R"(matic_fleet_run_info{fleet="lab",run="run-1",requested_by="alice@desk",work="update"})"));
}

TEST_F(RunMetricsTest, ARunThatFailed) {
  scene_.AddGroup("web", {"a", "b"}).parallel = 1;
  scene_.Start();
  scene_.Begin();
  scene_.Check("web", false);
  scene_.Begin();
  successes_ = {.fleet = Clock(1), .groups = {{"web", Clock(1)}}};
  channels_ = {{.channel = "mail", .delivered = 2, .failed = 1, .left_out = 0}};
  const std::string text = Show();
  EXPECT_THAT(text, HasSubstr(R"(matic_fleet_run_state{fleet="lab",state="failed"} 1)"));
  EXPECT_THAT(text, HasSubstr("matic_fleet_run_end_timestamp_seconds"));
  EXPECT_THAT(text, HasSubstr(R"(matic_fleet_run_groups{fleet="lab",end="unhealthy"} 1)"));
  EXPECT_THAT(text, HasSubstr("matic_fleet_last_success_timestamp_seconds{fleet=\"lab\"} 1772"));
  EXPECT_THAT(
      text,
      HasSubstr(R"(matic_fleet_group_last_success_timestamp_seconds{fleet="lab",group="web"})"));
  EXPECT_THAT(
      text,
      HasSubstr(
          R"(matic_fleet_notifications_total{fleet="lab",channel="mail",result="failed"} 1)"));
}

TEST_F(RunMetricsTest, TheFileIsForAllToReadAndReplacedWhenItIsTime) {
  scene_.AddGroup("web", {"a"});
  scene_.Start();
  const std::string first = Show(Write::kWhenDue);
  EXPECT_EQ(std::filesystem::status(file_).permissions(), std::filesystem::perms(0644));
  scene_.Pass(std::chrono::seconds(1));
  EXPECT_EQ(Show(Write::kWhenDue), first);
  EXPECT_NE(Show(Write::kNow), first);
  scene_.Pass(std::chrono::seconds(60));
  EXPECT_THAT(Show(Write::kWhenDue), HasSubstr("duration_seconds{fleet=\"lab\"} 61\n"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(RunMetricsTest, APortThatIsTakenIsNamed) {
  const auto first = RunMetrics::Open({.textfile = {}, .listen = "127.0.0.1:0"});
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_NE((*first)->port(), 0);
  const std::string address = "127.0.0.1:" + std::to_string((*first)->port());
  const auto second = RunMetrics::Open({.textfile = {}, .listen = address});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr(address));
}

TEST_F(RunMetricsTest, AFolderThatIsNotThereIsNamed) {
  const auto metrics =
      RunMetrics::Open({.textfile = folder_.path() / "no/fleet.prom", .listen = {}});
  ASSERT_TRUE(metrics);
  const Result<> shown = (*metrics)->Show({.fleet = "lab", .now = Clock(1)}, Write::kNow);
  ASSERT_FALSE(shown);
  EXPECT_THAT(shown.error().message, HasSubstr("no/.fleet.prom"));
}

}  // namespace
}  // namespace matic::fleet

#include <gtest/gtest.h>

#include <sstream>

#include "osctl/render/json.h"
#include "osctl/render/names.h"
#include "osctl/render/node.h"
#include "osctl/render/progress.h"
#include "osctl/render/schedules.h"
#include "osctl/render/table.h"
#include "osctl/render/terminal.h"
#include "osctl/render/units.h"

namespace matic::osctl {
namespace {

using std::chrono::seconds;

constexpr Terminal kPipe{.interactive = false, .colour = false, .width = 80};
constexpr Terminal kColour{.interactive = true, .colour = true, .width = 80};

TEST(UnitsTest, ThreeDigitsAreEnough) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1000), "1.00 kB");
  EXPECT_EQ(FormatBytes(93'100'000), "93.1 MB");
  EXPECT_EQ(FormatBytes(999'499), "999 kB");
  EXPECT_EQ(FormatBytes(999'500), "1.00 MB");
  EXPECT_EQ(FormatBytes(212'000'000), "212 MB");
  EXPECT_EQ(FormatBytes(UINT64_MAX), "18.4 EB");
  EXPECT_EQ(FormatRate(212'000'000), "212 MB/s");
}

TEST(UnitsTest, Durations) {
  EXPECT_EQ(FormatClock(seconds(1)), "0:01");
  EXPECT_EQ(FormatClock(seconds(3723)), "1:02:03");
  EXPECT_EQ(FormatDuration(seconds(24)), "24 s");
  EXPECT_EQ(FormatDuration(seconds(300)), "5 min");
  EXPECT_EQ(FormatDuration(seconds(312)), "5 min 12 s");
  EXPECT_EQ(FormatDuration(seconds(12000)), "3 h 20 min");
  EXPECT_EQ(FormatDuration(seconds(86400 * 12 + 14400)), "12 d 4 h");
  EXPECT_EQ(FormatDuration(seconds(-5)), "0 s");
}

TEST(TerminalTest, WidthCountsCharactersAndNoColours) {
  EXPECT_EQ(DisplayWidth("░█…"), 3u);
  EXPECT_EQ(DisplayWidth("\x1b[31mred\x1b[0m"), 3u);
  EXPECT_EQ(Pad("é", 3), "é  ");
  EXPECT_EQ(Fit("abcdef", 6), "abcdef");
  EXPECT_EQ(Fit("abcdef", 4), "abc…");
  EXPECT_EQ(Fit("abc", 0), "");
  EXPECT_EQ(Fit("\x1b[31mabcdef\x1b[0m", 4), "\x1b[31mabc…\x1b[0m");
}

TEST(LineWriterTest, ATerminalRedrawsAndAPipeDoesNot) {
  std::ostringstream terminal;
  {
    LineWriter lines(terminal, kColour);
    lines.Live("one");
    lines.Live("one");
    lines.Live("two");
    lines.Line("done");
    lines.Live("left");
  }
  EXPECT_EQ(terminal.str(), "\r\x1b[Kone\r\x1b[Ktwo\r\x1b[Kdone\n\r\x1b[Kleft\n");
}

TEST(LineWriterTest, APipeHasNoLiveLine) {
  std::ostringstream pipe;
  {
    LineWriter lines(pipe, kPipe);
    lines.Live("one");
    lines.Line("done");
    lines.Live("left");
  }
  EXPECT_EQ(pipe.str(), "done\n");
}

TEST(ProgressTest, Bar) {
  const Transfer transfer{57'000'000, 93'100'000, 21'200'000};
  EXPECT_EQ(ProgressBar(transfer, "slot-b", 80),
            "████████████░░░░░░░░  61 %  21.2 MB/s  0:02 left   (slot-b)");
  EXPECT_EQ(ProgressBar(transfer, "slot-b", 40), "███████░░░░░  61 %  21.2 MB/s  0:02 left");
  EXPECT_EQ(ProgressBar(transfer, "slot-b", 30), "███████░░░░░░  61 %  21.2 MB/s");
  EXPECT_EQ(ProgressBar(transfer, "slot-b", 8), " 61 %");
}

TEST(ProgressTest, EndsAndUnknowns) {
  EXPECT_EQ(ProgressBar({0, 100, 0}, "", 80), "░░░░░░░░░░░░░░░░░░░░   0 %");
  EXPECT_EQ(ProgressBar({100, 100, 5}, "", 80), "████████████████████ 100 %  5 B/s");
  EXPECT_EQ(ProgressBar({1500, 0, 500}, "slot-b", 80), "1.50 kB  500 B/s   (slot-b)");
  EXPECT_EQ(Percent({999'999, 1'000'000, 0}), 99);
  EXPECT_EQ(Percent({2, 1, 0}), 100);
  EXPECT_EQ(ProgressText({57'000'000, 93'100'000, 21'200'000}),
            " 61 %  57.0 MB of 93.1 MB  21.2 MB/s");
}

TEST(TerminalTest, ALineStaysOne) {
  EXPECT_EQ(OneLine("2.0\nweb-2  2.0  healthy"), "2.0\\x0aweb-2  2.0  healthy");
  EXPECT_EQ(OneLine("a\r\x1b[2Kb\x1b"), "a\\x0d\\x1b[2Kb\\x1b");
  EXPECT_EQ(OneLine("\xe2\x80\xa8"), "\\u2028");
  EXPECT_EQ(OneLine(kColour.Paint("dëad\n", Style::kBad)), "\x1b[31mdëad\\x0a\x1b[0m");
  EXPECT_EQ(OneLine(""), "");
}

TEST(TableTest, NoCellBeginsALine) {
  Table table({"MACHINE", "RUNS"});
  table.AddRow({"web-1", "1.0\nweb-2    2.0"});
  EXPECT_EQ(table.Render(kPipe), "MACHINE  RUNS\nweb-1    1.0\\x0aweb-2    2.0\n");
}

TEST(TableTest, ColumnsLineUp) {
  Table table({"SLOT", "VERSION", "STATE"});
  table.AddRow({"slot-a", "1.9", "running"});
  table.AddRow({"b", "2.0.1-rc1", ""});
  EXPECT_EQ(table.Render(kPipe),
            "SLOT    VERSION    STATE\n"
            "slot-a  1.9        running\n"
            "b       2.0.1-rc1\n");
  const Terminal narrow{.interactive = true, .colour = false, .width = 12};
  EXPECT_EQ(table.Render(narrow),
            "SLOT    VER…\n"
            "slot-a  1.9…\n"
            "b       2.0…\n");
}

TEST(NamesTest, ANodesTextDoesNothingToTheTerminal) {
  EXPECT_EQ(Shown("\x1b[2Jgone\n"), "?[2Jgone?");
  EXPECT_EQ(Shown(""), "-");
  EXPECT_EQ(StateName(v1::SCHEDULE_STATE_ROLLED_BACK), "RolledBack");
  EXPECT_EQ(StateName(static_cast<v1::ScheduleState>(99)), "Unknown");
}

v1::GetHealthResponse Health() {
  v1::GetHealthResponse health;
  health.set_state(v1::HEALTH_STATE_UNHEALTHY);
  health.mutable_last_updated()->set_seconds(1769475600);
  const auto add = [&](const char* name, bool critical, v1::CheckResult result, uint32_t duration,
                       uint32_t attempts, const char* output) {
    v1::HealthCheck* check = health.add_checks();
    check->set_name(name);
    check->set_critical(critical);
    check->set_result(result);
    check->set_duration_milliseconds(duration);
    check->set_attempts(attempts);
    check->set_output(output);
  };
  add("boot", true, v1::CHECK_RESULT_PASSED, 45, 1, "up 312 s");
  add("service", true, v1::CHECK_RESULT_FAILED, 23, 3, "matic-agent.service is failed");
  add("network", false, v1::CHECK_RESULT_FAILED, 12, 1, "no interface up");
  add("api", true, v1::CHECK_RESULT_RUNNING, 0, 0, "");
  return health;
}

TEST(HealthTextTest, EachCheckOnALine) {
  EXPECT_EQ(HealthText(Health(), kPipe),
            "UNHEALTHY   last updated 2026-01-27T01:00:00Z\n"
            "  ok    boot        45 ms   up 312 s\n"
            "  FAIL  service     23 ms   matic-agent.service is failed (attempt 3)\n"
            "  warn  network     12 ms   no interface up (not critical)\n"
            "  …     api          0 ms\n");
  EXPECT_EQ(HealthText({}, kPipe), "UNKNOWN   not checked yet\n");
}

TEST(StatusTextTest, SlotsAndWhatIsUnderWay) {
  v1::GetStatusResponse status;
  status.set_node_name("edge-7");
  status.set_os_version("2.0");
  status.set_agent_version("0.1.0");
  status.set_backend("ab");
  status.set_uptime_seconds(24);
  status.set_phase(v1::PHASE_ON_TRIAL);
  status.set_schedule_id("sched-20260127-001");
  status.set_boot_counter(1);
  status.add_problems("the primary table was repaired");
  v1::Target* a = status.add_targets();
  a->set_name("slot-a");
  a->set_bootable(true);
  a->set_successful(true);
  a->set_priority(1);
  a->set_version("1.9");
  a->set_device("/dev/vda2");
  v1::Target* b = status.add_targets();
  b->set_name("slot-b");
  b->set_running(true);
  b->set_next(true);
  b->set_on_trial(true);
  b->set_bootable(true);
  b->set_priority(2);
  b->set_tries(2);
  b->set_version("2.0");
  b->set_size_bytes(512'000'000);
  EXPECT_EQ(
      StatusText(status, kPipe),
      "edge-7   version 2.0   up 24 s\n"
      "\n"
      "SLOT    VERSION  STATE                    PRIORITY  TRIES  SUCCESSFUL  SIZE    DEVICE\n"
      "slot-a  1.9      way back                 1         0      yes         -       /dev/vda2\n"
      "slot-b  2.0      running, on trial, next  2         2      no          512 MB  -\n"
      "\n"
      "Update       On trial, sched-20260127-001 (start 1)\n"
      "Agent        0.1.0, backend ab\n"
      "Machine      -, boot -\n"
      "Problem      the primary table was repaired\n");
}

TEST(StatusTextTest, TheChannelAndWhatHappenedLast) {
  v1::GetStatusResponse status;
  v1::ChannelStatus* channel = status.mutable_channel();
  channel->set_url("https://h/stable.json");
  channel->mutable_next_look()->set_seconds(1769475600);
  channel->set_last_result("2.0 is up to date: the channel has 2.0");
  v1::HistoryEvent* event = status.add_events();
  event->mutable_time()->set_seconds(1769472000);
  event->set_kind("completed");
  event->set_schedule_id("sched-20260127-001");
  event->set_version("2.0");
  const std::string text = StatusText(status, kPipe);
  EXPECT_TRUE(
      text.ends_with("Channel      https://h/stable.json\n"
                     "Next look    2026-01-27T01:00:00Z\n"
                     "Last look    2.0 is up to date: the channel has 2.0\n"
                     "\n"
                     "TIME                  EVENT      SCHEDULE            VERSION  WHAT\n"
                     "2026-01-27T00:00:00Z  completed  sched-20260127-001  2.0\n"))
      << text;
  channel->clear_next_look();
  EXPECT_NE(StatusText(status, kPipe).find("Next look    when it is asked for an update\n"),
            std::string::npos);
}

TEST(ScheduleTest, ListsAndShows) {
  v1::ListSchedulesResponse list;
  EXPECT_EQ(ScheduleTable(list, kPipe), "No schedules.\n");
  v1::Schedule* schedule = list.add_schedules();
  schedule->set_id("sched-20260127-001");
  schedule->set_state(v1::SCHEDULE_STATE_FAILED);
  schedule->set_target("slot-b");
  schedule->set_reason("404 Not Found");
  schedule->mutable_created()->set_seconds(1769475600);
  EXPECT_EQ(
      ScheduleTable(list, kPipe),
      "ID                  STATE   PHASE  TARGET  VERSION  CREATED               REASON\n"
      "sched-20260127-001  Failed  -      slot-b  -        2026-01-27T01:00:00Z  404 Not Found\n");
  schedule->set_source("https://h/os");
  schedule->set_requested_by("operator alice (10.0.2.2)");
  EXPECT_EQ(ScheduleText(*schedule, kPipe),
            "sched-20260127-001  Failed\n"
            "  Reason     404 Not Found\n"
            "  Source     https://h/os\n"
            "  SHA-256    -\n"
            "  Target     slot-b\n"
            "  Rollback   by hand\n"
            "  Created    2026-01-27T01:00:00Z by operator alice (10.0.2.2)\n"
            "  Updated    -\n");
}

TEST(ScheduleTest, ShowsDelaysHooksAndTheMode) {
  v1::Schedule schedule;
  v1::Timing& timing = *schedule.mutable_timing();
  timing.add_windows("02:00-05:00");
  timing.set_timezone("Europe/Berlin");
  timing.set_random_delay_seconds(1800);
  timing.set_min_uptime_seconds(600);
  timing.set_reboot_delay_seconds(300);
  schedule.mutable_hooks()->add_pre("drain");
  schedule.mutable_hooks()->add_pre("save");
  schedule.mutable_hooks()->add_rollback("tell");
  schedule.set_mode(v1::UPDATE_MODE_BOOT);
  schedule.set_no_reboot(true);
  const std::string text = ScheduleText(schedule, kPipe);
  EXPECT_NE(text.find("  When       in 02:00-05:00 (Europe/Berlin); random delay up to 30 min; up "
                      "for at least 10 min; users are warned before the reboot for 5 min\n"
                      "  Mode       boot, no reboot by itself\n"
                      "  Hooks      before: drain, save; after going back: tell\n"),
            std::string::npos)
      << text;
}

TEST(StatusTextTest, WhyItWaitsIsASentence) {
  v1::GetStatusResponse status;
  status.set_phase(v1::PHASE_WAITING);
  status.set_waiting_for("may not begin before Tue 2026-12-01 03:00");
  EXPECT_NE(StatusText(status, kPipe)
                .find("Update       Waiting: may not begin before Tue 2026-12-01 03:00\n"),
            std::string::npos);
}

TEST(JsonTest, HasEveryFieldUnderItsOwnName) {
  v1::RebootResponse reboot;
  EXPECT_EQ(ToJson(reboot, JsonLayout::kOneLine), "{\"try_given_back\":false}");
  v1::Progress progress;
  progress.set_bytes_done(5);
  EXPECT_EQ(ToJson(progress, JsonLayout::kOneLine),
            "{\"bytes_done\":\"5\",\"bytes_total\":\"0\",\"bytes_per_second\":\"0\"}");
}

}  // namespace
}  // namespace matic::osctl

#include "osctl/fleet_outlets.h"

#include <utility>

#include "osctl/fleet/planner/outcome.h"

namespace matic::osctl {
namespace {

using namespace std::chrono_literals;
using Write = fleet::RunMetrics::Write;

constexpr auto kPatience = 15s;
constexpr auto kPatienceWhenInterrupted = 2s;

}  // namespace

RunOutlets::RunOutlets(const Session& session, FleetController& controller, fleet::Journal& journal,
                       const std::filesystem::path& file, fleet::MetricsOptions metrics)
    : controller_(controller),
      journal_(journal),
      view_(session),
      announcer_(fleet::ChannelsOf(controller.inventory), courier_, controller.clock,
                 std::filesystem::path(file).replace_extension(".notices")) {
  const fleet::Metrics& told = controller.inventory.metrics;
  if (metrics.textfile.empty()) metrics.textfile = told.textfile;
  if (metrics.listen.empty()) metrics.listen = told.listen;
  auto opened = fleet::RunMetrics::Open(metrics);
  if (!opened) {
    WarnOnce(opened.error().message);
    opened = fleet::RunMetrics::Open({.textfile = metrics.textfile, .listen = {}});
  }
  if (opened) metrics_ = *std::move(opened);
  if (const auto successes = journal.LatestSuccesses()) successes_ = *successes;
}

void RunOutlets::Changed(const fleet::RunRecord& run, const fleet::RunState& state,
                         const fleet::Decision& decision) {
  run_ = run.id;
  ShowMetrics(&run, &state, Write::kWhenDue);
  WarnOfTroubles();
  view_.Changed(run, state, decision);
}

void RunOutlets::Tell(const fleet::RunRecord& run, const fleet::RunState& state,
                      const fleet::Notice& notice) {
  run_ = run.id;
  announcer_.Tell(run, state, notice);
  view_.Tell(run, state, notice);
}

void RunOutlets::RunEnded(const fleet::RunRecord& run, const fleet::RunState& state) {
  NoteSuccess(run.plan, state);
  StopTelling(kPatience);
  ShowMetrics(&run, &state, Write::kNow);
}

void RunOutlets::NothingToDo(const fleet::Plan& plan) {
  fleet::RunState state;
  state.finished = true;
  state.groups.resize(plan.groups.size());
  for (fleet::GroupRun& group : state.groups) group.end = fleet::GroupEnd::kWell;
  NoteSuccess(plan, state);
  StopTelling(kPatience);
  ShowMetricsOfLatest();
}

void RunOutlets::NothingToGoOnWith() { StopTelling(kPatience); }

void RunOutlets::Interrupted() { StopTelling(kPatienceWhenInterrupted); }

void RunOutlets::NoteSuccess(const fleet::Plan& plan, const fleet::RunState& state) {
  if (plan.work != fleet::Work::kUpdate) return;  // it brings nothing up to date
  const WallTime now = controller_.clock.Now();
  fleet::Successes fresh;
  if (OutcomeOf(state) == fleet::RunOutcome::kWell) fresh.fleet = now;
  for (const std::string& group : GroupsUpToDate(controller_.inventory, plan, state)) {
    fresh.groups[group] = now;
  }
  if (const Result<> noted = journal_.NoteSuccesses(fresh); !noted) {
    WarnOnce(noted.error().message);
  }
  if (const auto successes = journal_.LatestSuccesses()) successes_ = *successes;
}

void RunOutlets::ShowMetrics(const fleet::RunRecord* run, const fleet::RunState* state,
                             Write when) {
  if (metrics_ == nullptr) return;
  const Result<> shown = metrics_->Show({.fleet = controller_.inventory.name,
                                         .run = run,
                                         .state = state,
                                         .successes = successes_,
                                         .channels = announcer_.Counts(),
                                         .now = controller_.clock.Now()},
                                        when);
  if (!shown) WarnOnce("metrics: " + shown.error().message);
}

void RunOutlets::ShowMetricsOfLatest() {
  const auto newest = journal_.Newest();
  if (!newest || !*newest) return ShowMetrics(nullptr, nullptr, Write::kNow);
  const Result<fleet::RunRecord> run = journal_.Find(**newest);
  const Result<fleet::RunState> state = run ? StateOf(journal_, *run) : Fail(run.error());
  if (!state) return WarnOnce("metrics: " + state.error().message);
  ShowMetrics(&*run, &*state, Write::kNow);
}

void RunOutlets::StopTelling(std::chrono::milliseconds deadline) {
  announcer_.Stop(deadline);
  WarnOfTroubles();
}

void RunOutlets::WarnOnce(const std::string& text) {
  if (std::exchange(warned_, text) != text) view_.Warn(run_, text);
}

void RunOutlets::WarnOfTroubles() {
  for (const std::string& trouble : announcer_.TakeTroubles()) view_.Warn(run_, trouble);
}

}  // namespace matic::osctl

#include "osctl/fleet/run/run_engine.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "lib/os/output_tail.h"
#include "osctl/fleet/inventory/address.h"
#include "osctl/fleet/run/parallel.h"

namespace matic::fleet {
namespace {

using namespace std::chrono_literals;

// Wishes of people come by the journal, and are looked for that often.
constexpr auto kLookForWishes = 500ms;
constexpr auto kScriptTime = std::chrono::hours(1);
constexpr size_t kKeptComplaint = 500;

std::string GroupKey(size_t group) { return "group " + std::to_string(group); }

bool IsOfGroup(Step step) {
  return step == Step::kCheckHealth || step == Step::kPreScript || step == Step::kPostScript ||
         step == Step::kRollbackScript;
}

std::string Tail(const std::string& output) {
  const size_t end = output.find_last_not_of(" \r\n\t");
  if (end == std::string::npos) return "it said nothing";
  const std::string text = output.substr(0, end + 1);
  return text.size() <= kKeptComplaint ? text : "…" + text.substr(text.size() - kKeptComplaint);
}

}  // namespace

RunEngine::RunEngine(Journal& journal, Nodes& nodes, ProcessRunner& processes, Clock& clock,
                     RunObserver& observer, StepPacing pacing)
    : journal_(journal),
      nodes_(nodes),
      processes_(processes),
      clock_(clock),
      observer_(observer),
      pacing_(pacing) {}

RunEngine::~RunEngine() {
  for (const auto& [key, work] : working_) work->stop.request_stop();
  // Their threads use what is destroyed before them otherwise.
  working_.clear();
  abandoned_.clear();
}

Result<RunState> RunEngine::Carry(const RunRecord& run, std::stop_token stop) {
  run_ = &run;
  state_ = {};
  last_event_ = 0;
  MATIC_TRY(CatchUp());
  MATIC_TRY(Record(last_event_ == 0 ? Happening(Started{}) : Happening(TakenUp{})));
  while (true) {
    MATIC_TRY(CatchUp());
    Decision decision = Decide(run.plan, state_, clock_.Now());
    for (const Action& action : decision.actions) MATIC_TRY(Begin(action));
    MATIC_TRY(HandOn());
    observer_.Changed(run, state_, decision);
    if (decision.finished) break;
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "interrupted");
    MATIC_TRY(Await(decision, stop));
  }
  ReleaseLeases();
  MATIC_TRY(journal_.Finish(run.id));
  return state_;
}

// The state is what the journal says, and nothing else; others may have added to it.
Result<> RunEngine::CatchUp() {
  while (true) {
    MATIC_ASSIGN(const std::vector<StoredEvent> events,
                 journal_.EventsAfter(run_->id, last_event_));
    if (events.empty()) return {};
    for (const StoredEvent& stored : events) {
      Apply(run_->plan, state_, stored.event);
      last_event_ = stored.number;
    }
  }
}

Result<> RunEngine::Record(Happening what) {
  MATIC_TRY(journal_.Append(run_->id, {clock_.Now(), std::move(what)}));
  return CatchUp();
}

Result<> RunEngine::Begin(const Action& action) {
  const Step step = action.begin.step;
  MATIC_TRY(Record(action.begin));
  if (IsOfGroup(step)) {
    Start(GroupKey(action.begin.group), [this, action, step](std::stop_token stop) -> Happening {
      return step == Step::kCheckHealth ? CheckHealth(action, std::move(stop))
                                        : RunScript(action, std::move(stop));
    });
    return {};
  }
  const size_t machine = state_.names.at(action.begin.machine);
  const bool activated =
      state_.machines[machine].changed || run_->plan.machines[machine].work == fleet::Work::kReboot;
  Start(action.begin.machine, [this, step, machine, activated](std::stop_token stop) {
    return OnMachine(step, machine, activated, std::move(stop));
  });
  return {};
}

Result<> RunEngine::HandOn() {
  if (state_.notified >= state_.notices.size()) return {};
  const size_t count = state_.notices.size();
  for (size_t i = state_.notified; i < count; ++i) observer_.Tell(*run_, state_, state_.notices[i]);
  return Record(Notified{count});
}

// Until a step has ended, somebody may have wished something, or it is time to decide again.
Result<> RunEngine::Await(const Decision& decision, std::stop_token stop) {
  std::vector<Ended> ended;
  {
    std::chrono::nanoseconds pause = kLookForWishes;
    if (decision.wake) {
      pause = std::clamp<std::chrono::nanoseconds>(*decision.wake - clock_.Now(), 0ns, pause);
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, pause, [this] { return !ended_.empty(); });
    ended.swap(ended_);
  }
  for (Ended& one : ended) {
    if (numbers_[one.key] != one.number) continue;  // it was abandoned
    working_.erase(one.key);
    MATIC_TRY(Record(std::move(one.what)));
  }
  if (decision.wake && clock_.Now() >= *decision.wake) return Record(Tick{});
  return {};
}

void RunEngine::Start(const std::string& key, std::function<Happening(std::stop_token)> work) {
  Abandon(key);
  const uint64_t number = ++numbers_[key];
  auto started = std::make_unique<Work>();
  started->thread =
      std::jthread([this, key, number, work = std::move(work), token = started->stop.get_token()] {
        Happening what = work(token);
        const std::scoped_lock lock(mutex_);
        ended_.push_back({key, number, std::move(what)});
        changed_.notify_all();
      });
  working_[key] = std::move(started);
}

void RunEngine::Abandon(const std::string& key) {
  const auto found = working_.find(key);
  if (found == working_.end()) return;
  found->second->stop.request_stop();
  abandoned_.push_back(std::move(found->second));
  working_.erase(found);
}

Result<std::unique_ptr<Node>> RunEngine::Open(const std::string& machine) {
  const auto found = run_->addresses.find(machine);
  if (found == run_->addresses.end()) {
    return Fail(ErrorCode::kCorrupt, "the run has no address of machine '" + machine + "'");
  }
  MATIC_ASSIGN(const Address address, ParseAddress(found->second));
  return nodes_.Open(address);
}

Result<std::unique_ptr<Node>> RunEngine::TakeNode(size_t machine) {
  {
    const std::scoped_lock lock(kept_mutex_);
    if (auto kept = kept_.extract(machine)) return std::move(kept.mapped());
  }
  return Open(run_->plan.machines[machine].name);
}

void RunEngine::KeepNode(size_t machine, std::unique_ptr<Node> node) {
  const std::scoped_lock lock(kept_mutex_);
  if (kept_.size() < kAskedAtOnce) kept_[machine] = std::move(node);
}

Happening RunEngine::OnMachine(Step step, size_t index, bool activated, std::stop_token stop) {
  const PlannedMachine& machine = run_->plan.machines[index];
  Result<std::unique_ptr<Node>> node = TakeNode(index);
  if (!node) return Failed{machine.name, node.error().message, false};
  MachineSteps steps(**node, clock_,
                     {.fleet = run_->fleet,
                      .run = run_->id,
                      .holder = run_->requested_by,
                      .health_check_timeout = run_->plan.settings.health_check_timeout},
                     pacing_);
  Happening what = steps.Do(step, machine, activated, std::move(stop));
  const bool more_to_come =
      step == Step::kStage || step == Step::kActivate || step == Step::kReboot;
  if (more_to_come && std::holds_alternative<Seen>(what)) KeepNode(index, *std::move(node));
  return what;
}

Result<v1::GetHealthResponse> RunEngine::HealthOf(const std::string& name,
                                                  std::chrono::milliseconds limit) {
  MATIC_ASSIGN(const std::unique_ptr<Node> node, Open(name));
  return node->GetHealth(true, limit);
}

GroupDone RunEngine::CheckHealth(const Action& action, std::stop_token stop) {
  GroupDone done{.step = Step::kCheckHealth, .group = action.begin.group};
  std::vector<std::string> complaints(action.machines.size());
  const auto limit = run_->plan.settings.health_check_timeout;
  const BootTime until = clock_.SinceBoot() + pacing_.patience;
  ForEachIndex(action.machines.size(), kAskedAtOnce, [&](size_t i) {
    if (stop.stop_requested()) return;
    const std::string& name = action.machines[i];
    Result<v1::GetHealthResponse> health = HealthOf(name, limit);
    // A connection that breaks for a moment is no illness.
    while (!health && MayPass(health.error()) && clock_.SinceBoot() < until &&
           clock_.Wait(pacing_.look_again, stop)) {
      health = HealthOf(name, limit);
    }
    if (!health) {
      complaints[i] = name + ": " + health.error().message;
    } else if (!IsHealthy(*health)) {
      complaints[i] = name + " is not healthy";
      for (const v1::HealthCheck& check : health->checks()) {
        if (!check.critical() || check.result() != v1::CHECK_RESULT_FAILED) continue;
        complaints[i] = name + ": health check " + check.name() + ": " + check.output();
      }
    }
  });
  for (size_t i = 0; i < complaints.size(); ++i) {
    if (complaints[i].empty()) continue;
    done.ok = false;
    done.unhealthy.push_back(action.machines[i]);
    done.why += (done.why.empty() ? "" : "; ") + complaints[i];
  }
  return done;
}

GroupDone RunEngine::RunScript(const Action& action, std::stop_token stop) {
  GroupDone done{.step = action.begin.step, .group = action.begin.group};
  const Result<ProcessOutcome> outcome =
      processes_.RunCommand({.argv = {"/bin/sh", "-c", action.script},
                             .environment = {"MATIC_FLEET=" + run_->fleet, "MATIC_RUN=" + run_->id,
                                             "MATIC_GROUP=" + run_->plan.groups[done.group].name,
                                             "MATIC_STEP=" + std::string(NameOf(done.step))},
                             .stop = std::move(stop)},
                            kScriptTime);
  done.ok = outcome && outcome->exit_code == 0;
  if (!outcome) done.why = outcome.error().message;
  if (outcome && !done.ok) {
    done.why = DescribeExit(outcome->exit_code) + ": " + Tail(outcome->output);
  }
  return done;
}

// So that the next run need not wait for their end. One that does not answer keeps it for a while.
void RunEngine::ReleaseLeases() {
  const std::vector<PlannedMachine>& machines = run_->plan.machines;
  ForEachIndex(machines.size(), kAskedAtOnce, [&](size_t i) {
    if (state_.machines[i].phase == MachinePhase::kSkipped) return;
    if (Result<std::unique_ptr<Node>> node = Open(machines[i].name)) {
      static_cast<void>((*node)->ReleaseLease(run_->id));
    }
  });
}

}  // namespace matic::fleet

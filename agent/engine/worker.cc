#include "agent/engine/worker.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/engine/progress_rate.h"

namespace matic::engine {
namespace {

constexpr std::chrono::minutes kCommandDeadline{1};

// Nothing may be staged or activated whose intent is not on disk. Confirming and going back go on
// without: a full or read-only /var must not undo a good update.
bool NeedsDurableState(const update::UpdateState& state) {
  return std::holds_alternative<update::Waiting>(state) ||
         std::holds_alternative<update::Staging>(state) ||
         std::holds_alternative<update::Staged>(state) ||
         std::holds_alternative<update::Activating>(state);
}

// Neither down, nor about to be, nor on trial.
bool IsAtRest(const update::UpdateState& state) {
  if (const auto* staged = std::get_if<update::Staged>(&state)) {
    return staged->order.stop_after_staging;
  }
  return std::holds_alternative<update::Idle>(state) ||
         std::holds_alternative<update::Rechecking>(state) ||
         std::holds_alternative<update::Waiting>(state) ||
         std::holds_alternative<update::Staging>(state);
}

std::string ScheduleIdOf(const update::UpdateState& state) {
  const update::Order* order = update::OrderOf(state);
  return order == nullptr ? std::string() : order->schedule_id;
}

// What is tried again after a pause, where it changes nothing.
bool IsFailure(const update::Event& event) {
  return std::holds_alternative<update::ConfirmFailed>(event) ||
         std::holds_alternative<update::RevertFailed>(event) ||
         std::holds_alternative<update::HealthFailed>(event);
}

update::Step GiveUp(const update::UpdateState& wanted, const Error& error) {
  return {update::Idle{},
          {},
          update::Outcome{.schedule_id = ScheduleIdOf(wanted),
                          .end = update::Outcome::End::kFailed,
                          .reason = "the state cannot be kept: " + error.message,
                          .image = {},
                          .rollback = {}}};
}

std::vector<std::string> CriticalFailures(const health::Report& report) {
  std::vector<std::string> names;
  for (const health::CheckReport& check : report.checks) {
    if (check.critical && check.result == health::CheckResult::kFailed) names.push_back(check.name);
  }
  return names;
}

std::string JoinCommand(const std::vector<std::string>& argv) {
  std::string text;
  for (const std::string& word : argv) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

Worker::Worker(WorkerOptions options, Backend& backend, Preparation& preparation,
               Aftermath& aftermath, health::CheckRunner& checks, ProcessRunner& processes,
               Clock& clock, Ledger& ledger)
    : options_(std::move(options)),
      backend_(backend),
      preparation_(preparation),
      aftermath_(aftermath),
      checks_(checks),
      processes_(processes),
      clock_(clock),
      ledger_(ledger) {}

Worker::~Worker() { Stop(); }

void Worker::Start() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = false;
  }
  thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
}

void Worker::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    interrupt_.request_stop();
  }
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
}

void Worker::Post(update::Event event) {
  std::lock_guard lock(mutex_);
  queue_.push_back(std::move(event));
  interrupt_.request_stop();
  posted_.notify_all();
}

std::optional<update::Facts> Worker::LatestFacts() const {
  std::lock_guard lock(mutex_);
  return facts_;
}

void Worker::Run(std::stop_token stop) {
  if (!Recover(stop)) return;
  if (!IsPosted()) Resume();
  while (!stop.stop_requested()) {
    std::optional<update::Event> event = NextEvent(stop);
    if (stop.stop_requested()) return;
    if (event) {
      Handle(*event);
    } else if (reboot_due_) {
      spdlog::warn("this machine should have rebooted by now; asking again");
      Perform(update::Reboot{});
    } else {
      LookAtCommonCause();
    }
    if (!IsPosted()) Resume();
  }
}

// Nothing when stopped, when a reboot that is due does not come, or when it is time to look at a
// common cause.
std::optional<update::Event> Worker::NextEvent(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const auto ready = [&] { return !queue_.empty(); };
  if (reboot_due_) {
    posted_.wait_for(lock, stop, options_->reboot_patience, ready);
  } else if (ledger_.State().common_cause) {
    posted_.wait_for(lock, stop, options_->cause_pause, ready);
  } else {
    posted_.wait(lock, stop, ready);
  }
  if (queue_.empty()) return std::nullopt;
  update::Event event = std::move(queue_.front());
  queue_.pop_front();
  return event;
}

void Worker::Handle(const update::Event& event) {
  if (reboot_due_ && std::holds_alternative<update::RebootRequested>(event)) {
    Perform(update::Reboot{});  // its try, where it had one, was given back already
    return;
  }
  Result<> taken = Take(event);
  if (taken) return;
  spdlog::warn("{}", taken.error().message);
  // Somebody was told that it is scheduled.
  if (const auto* stage = std::get_if<update::StageRequested>(&event)) {
    ledger_.FailSchedule(stage->order.schedule_id, taken.error().message);
  }
}

// What is posted goes before an act that can be cut short or put off; here that goes on.
void Worker::Resume() {
  if (reboot_due_ || IsStopping()) return;
  std::optional<update::Action> action = update::PendingAction(ledger_.State().update);
  if (!action) return;
  std::optional<update::Event> event = Perform(*action);
  if (!event) return;
  if (Result<> taken = Take(*event); !taken) spdlog::warn("{}", taken.error().message);
}

// People see in the status when it has ended, without asking for the health.
void Worker::LookAtCommonCause() {
  if (!ledger_.State().common_cause) return;
  std::stop_token token = FreshInterrupt();
  const health::Report report = checks_.Glance(token);
  if (!token.stop_requested()) ledger_.SetHealth(report);
}

Result<update::Facts> Worker::ReadFacts() {
  Repair();
  MATIC_ASSIGN(update::Facts facts, backend_.GetFacts());
  if (facts.Running() == nullptr) {
    return Fail(ErrorCode::kInternal, "no slot is known to be the one that runs");
  }
  {
    std::lock_guard lock(mutex_);
    facts_ = facts;
  }
  ledger_.SetBootId(facts.boot_id);
  return facts;
}

// What runs may have changed, by this agent or by a person. What cannot be read now stays as it
// was.
update::Facts Worker::LookAgain() {
  Result<update::Facts> facts = backend_.GetFacts();
  std::lock_guard lock(mutex_);
  if (facts && facts->Running() != nullptr) facts_ = std::move(*facts);
  return *facts_;
}

// Until the disk can be read nothing can be decided, and a disk that is late is waited for.
bool Worker::Recover(std::stop_token stop) {
  while (!stop.stop_requested()) {
    Result<update::Facts> facts = ReadFacts();
    if (facts) {
      if (Result<> taken = Take(update::Started{*facts}); !taken) {
        ledger_.AddProblem(taken.error().message);
      }
      return true;
    }
    ledger_.AddProblem(facts.error().message);
    clock_.Wait(options_->retry_pause, stop);
  }
  return false;
}

Result<update::Facts> Worker::RecoverAlone() {
  MATIC_ASSIGN(update::Facts facts, ReadFacts());
  MATIC_ASSIGN(update::Step step,
               update::Transition(ledger_.State().update, update::Started{facts}));
  (void)ledger_.Advance(step, /*go_on=*/true);
  return facts;
}

Result<> Worker::RunAlone(const update::Event& event) {
  MATIC_TRY(Take(event));
  if (reboot_due_) return {};
  const AgentState state = ledger_.State();
  if (state.last_outcome && state.last_outcome->outcome.rollback &&
      std::holds_alternative<update::Idle>(state.update)) {
    return {};  // it took no reboot
  }
  return Fail(ErrorCode::kIo,
              state.last_outcome ? state.last_outcome->outcome.reason : "no reboot came of it");
}

Result<> Worker::Take(const update::Event& first) {
  std::optional<update::Event> event = first;
  std::optional<update::Outcome> outcome;
  while (event) {
    const update::UpdateState before = ledger_.State().update;
    MATIC_ASSIGN(update::Step step, update::Transition(before, *event));
    if (Result<> kept = ledger_.Advance(step, !NeedsDurableState(step.next)); !kept) {
      step = GiveUp(step.next, kept.error());
      (void)ledger_.Advance(step, /*go_on=*/true);
    }
    if (step.next != before) {
      spdlog::info("{} -> {}", update::StateName(before), update::StateName(step.next));
    }
    if (std::holds_alternative<update::Idle>(step.next)) reboot_due_ = false;
    if (step.outcome) outcome = step.outcome;
    const bool again = step.next == before && IsFailure(*event);
    event.reset();
    if (!step.action || IsStopping()) break;
    // A cancellation that came while it was activated saves the machine a reboot.
    if (std::holds_alternative<update::Activated>(step.next) && IsPosted()) break;
    if (again && !Pause()) break;
    event = Perform(*step.action);
  }
  if (outcome && !IsStopping()) aftermath_.Follow(*outcome, thread_.get_stop_token());
  // After the hooks, which may be what puts this machine to work again.
  if (!reboot_due_ && IsAtRest(ledger_.State().update)) preparation_.ReleaseSlot();
  return {};
}

// Returns false when cut short.
bool Worker::Pause() { return clock_.Wait(options_->retry_pause, FreshInterrupt()); }

bool Worker::IsPosted() const {
  std::lock_guard lock(mutex_);
  return !queue_.empty();
}

bool Worker::IsStopping() const {
  std::lock_guard lock(mutex_);
  return stopping_;
}

// A stop that belongs to what comes now: what was posted or asked before counts as well.
std::stop_token Worker::FreshInterrupt() {
  std::lock_guard lock(mutex_);
  interrupt_ = std::stop_source();
  if (stopping_ || !queue_.empty()) interrupt_.request_stop();
  return interrupt_.get_token();
}

void Worker::Repair() {
  Result<std::vector<std::string>> mended = backend_.Repair();
  if (!mended) {
    ledger_.AddProblem(mended.error().message);
    return;
  }
  // Nothing that needs a person: the selector, which writes one copy only, leaves the other behind.
  for (const std::string& line : *mended) spdlog::warn("mended: {}", line);
}

std::optional<update::Event> Worker::Perform(const update::Action& action) {
  return std::visit([&](const auto& known) { return Perform(known); }, action);
}

std::optional<update::Event> Worker::Perform(const update::Stage& action) {
  std::stop_token token = FreshInterrupt();
  Repair();
  verified_digest_.clear();
  const update::Order& order = action.order;
  Result<update::StagedImage> staged = backend_.Stage(
      {order.source, order.sha256, order.size_bytes, order.mode, order.inputs, order.delta},
      MakeSink(), token);
  if (staged) {
    verified_digest_ = staged->digest;
    const update::Facts facts = LookAgain();
    const update::Target& running = *facts.Running();
    // Only a build tells what it comes to.
    if (staged->target == running.name && running.next && order.mode != update::Mode::kBuild) {
      return update::NothingToDo{"runs " + running.name + " already"};
    }
    if (std::optional<std::string> why = WhyRefused(order, *staged)) {
      return update::StageFailed{Error{ErrorCode::kRefused, *std::move(why)}};
    }
    return update::StageSucceeded{*staged};
  }
  if (IsStopping()) return std::nullopt;  // the next start finds it interrupted
  if (!token.stop_requested()) return update::StageFailed{staged.error()};
  return update::StageFailed{Error{ErrorCode::kCancelled, WhyInterrupted()}};
}

std::optional<std::string> Worker::WhyRefused(const update::Order& order,
                                              const update::StagedImage& staged) const {
  std::string why;
  if (order.mode == update::Mode::kBuild) return std::nullopt;
  if (std::ranges::find(order.force, kForceQuarantine) != order.force.end()) return std::nullopt;
  if (!ledger_.IsQuarantined(staged.digest, &why)) return std::nullopt;
  return staged.target + " is quarantined: " + why + "; --force quarantine takes it all the same";
}

ProgressSink Worker::MakeSink() {
  return [this, rate = ProgressRate(clock_)](const StageProgress& progress) mutable {
    if (std::optional<Progress> shown = rate.Next(progress)) {
      const bool fetching = progress.phase == StagePhase::kFetching;
      ledger_.SetProgress(fetching ? Phase::kFetching : Phase::kVerifying, *shown);
    }
  };
}

std::optional<update::Event> Worker::Perform(const update::Prepare& action) {
  std::stop_token token = FreshInterrupt();
  const update::Facts facts = LookAgain();
  const update::Target& running = *facts.Running();
  Result<update::Order> ready = preparation_.BeforeStaging(action.order, running, token);
  if (token.stop_requested()) return std::nullopt;
  if (!ready) return update::PrepareFailed{ready.error()};
  // Only a manifest says what its image will be; an image that was named itself is written anew.
  if (!ready->version.empty() && ready->version == running.version) {
    return update::NothingToDo{"runs " + running.version + " already, on " + running.name};
  }
  return update::Prepared{*ready};
}

// Takes the cancellation that cut staging short off the queue.
std::string Worker::WhyInterrupted() {
  std::lock_guard lock(mutex_);
  auto it = std::ranges::find_if(queue_, [](const update::Event& event) {
    return std::holds_alternative<update::CancelRequested>(event);
  });
  if (it == queue_.end()) return "cancelled";
  const std::string reason = update::CancelReason(std::get<update::CancelRequested>(*it));
  queue_.erase(it);
  return reason;
}

std::optional<update::Event> Worker::Perform(const update::AwaitActivation& action) {
  std::stop_token token = FreshInterrupt();
  Result<> ready = preparation_.BeforeActivation(action.order, action.image.live, token);
  if (token.stop_requested()) return std::nullopt;
  if (!ready) return update::ActivateFailed{ready.error()};
  if (action.image.digest != verified_digest_) {
    // Somebody else may have written there while no agent looked.
    Result<> same = backend_.Verify(action.image, MakeSink(), token);
    if (token.stop_requested()) return std::nullopt;
    if (!same) return update::ActivateFailed{same.error()};
    verified_digest_ = action.image.digest;
  }
  return update::ActivationDue{};
}

std::optional<update::Event> Worker::Perform(const update::CheckBaseline&) {
  ledger_.SetPhase(Phase::kChecking);
  std::stop_token token = FreshInterrupt();
  const health::Report report = checks_.RunOnce(options_->health.timeout, token);
  if (token.stop_requested()) return std::nullopt;
  ledger_.SetHealth(report);
  update::BaselineChecked checked;
  for (const health::CheckReport& check : report.checks) {
    if (check.critical && check.result == health::CheckResult::kFailed) {
      spdlog::warn("{} fails before the update already, and is not held against it: {}", check.name,
                   check.output);
      checked.failing.push_back(check.name);
    }
  }
  const update::Facts facts = LookAgain();
  checked.running = facts.Running()->name;
  checked.boot_id = facts.boot_id;
  return checked;
}

std::optional<update::Event> Worker::Perform(const update::Activate& action) {
  Repair();
  if (Result<> done = backend_.Activate(action.image, thread_.get_stop_token()); !done) {
    if (IsStopping()) return std::nullopt;  // the next start takes it up
    return update::ActivateFailed{done.error()};
  }
  return update::ActivateSucceeded{};
}

std::optional<update::Event> Worker::Perform(const update::CheckHealth& action) {
  std::stop_token token = FreshInterrupt();
  // A service that dies soon after its start runs at first.
  if (action.trial.image.live && !clock_.Wait(options_->settle, token)) return std::nullopt;
  health::RetryPolicy policy = options_->health;
  if (!action.trial.order.schedule_id.empty()) policy.timeout = action.trial.order.health_timeout;
  health::Report report = checks_.RunToVerdict(
      policy, [&](const health::Report& so_far) { ledger_.SetHealth(so_far); }, token);
  if (token.stop_requested()) return std::nullopt;
  ledger_.SetHealth(report);
  std::erase_if(report.checks, [&](const health::CheckReport& check) {
    return std::ranges::find(action.trial.failing_before, check.name) !=
           action.trial.failing_before.end();
  });
  if (std::string failure = report.CriticalFailure(); !failure.empty()) {
    return update::HealthFailed{"health check failed: " + failure, CriticalFailures(report)};
  }
  return update::HealthPassed{};
}

std::optional<update::Event> Worker::Perform(const update::Recheck& action) {
  std::stop_token token = FreshInterrupt();
  const health::Report report = checks_.RunSome(action.checks, options_->health, token);
  if (token.stop_requested()) return std::nullopt;
  if (const std::string failure = report.CriticalFailure(); !failure.empty()) {
    return update::HealthFailed{failure, CriticalFailures(report)};
  }
  return update::HealthPassed{};
}

std::optional<update::Event> Worker::Perform(const update::Confirm&) {
  Repair();
  if (Result<> done = backend_.Confirm(); !done) {
    ledger_.AddProblem(done.error().Context("confirm the running system").message);
    return update::ConfirmFailed{done.error()};
  }
  return update::ConfirmSucceeded{};
}

std::optional<update::Event> Worker::Perform(const update::Revert& action) {
  Repair();
  Result<std::string> done = backend_.Revert(action.previous, thread_.get_stop_token());
  if (!done) {
    if (IsStopping()) return std::nullopt;  // likewise
    ledger_.AddProblem(done.error().Context("go back to " + action.previous).message);
    return update::RevertFailed{done.error()};
  }
  const update::Facts facts = LookAgain();
  const update::Target* golden = facts.Golden();
  return update::RevertSucceeded{*done, golden == nullptr ? "" : golden->name};
}

std::optional<update::Event> Worker::Perform(const update::Discard& action) {
  Repair();
  if (Result<> done = backend_.Discard(action.target); !done) {
    ledger_.AddProblem(done.error().Context("make " + action.target + " unbootable").message);
    return update::DiscardFailed{done.error()};
  }
  return update::Discarded{};
}

std::optional<update::Event> Worker::Perform(const update::Reboot& action) {
  if (action.give_try_back) {
    if (Result<> done = backend_.GiveTryBack(); !done) {
      ledger_.AddProblem(done.error().Context("give the try back").message);
    }
  }
  reboot_due_ = true;
  const std::string command = JoinCommand(options_->reboot_command);
  spdlog::info("rebooting: {}", command);
  Result<ProcessOutcome> outcome = processes_.Run(options_->reboot_command, kCommandDeadline);
  if (!outcome) {
    ledger_.AddProblem(outcome.error().Context("reboot").message);
  } else if (outcome->exit_code != 0) {
    ledger_.AddProblem("reboot: " + command + " exited with " + std::to_string(outcome->exit_code) +
                       ": " + outcome->output);
  }
  return std::nullopt;
}

std::optional<update::Event> Worker::Perform(const update::AnnounceGoodBoot&) {
  if (options_->good_boot_command.empty()) return std::nullopt;
  Result<ProcessOutcome> outcome = processes_.Run(options_->good_boot_command, kCommandDeadline);
  if (!outcome || outcome->exit_code != 0) {
    spdlog::warn("{}: {}", JoinCommand(options_->good_boot_command),
                 outcome ? outcome->output : outcome.error().message);
  }
  return std::nullopt;
}

}  // namespace matic::engine

#include "agent/engine/worker.h"

#include <spdlog/spdlog.h>

#include <utility>
#include <vector>

namespace matic::engine {
namespace {

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
  return IsFree(state) || std::holds_alternative<update::Waiting>(state) ||
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

// What runs is as good as it was.
update::Step GiveUp(const update::Step& wanted, const Error& error) {
  const bool announces =
      wanted.action && std::holds_alternative<update::AnnounceGoodBoot>(*wanted.action);
  return {update::Idle{}, announces ? wanted.action : std::nullopt,
          update::Outcome{.schedule_id = ScheduleIdOf(wanted.next),
                          .end = update::Outcome::End::kFailed,
                          .reason = "the state cannot be kept: " + error.message,
                          .image = {},
                          .rollback = {}}};
}

}  // namespace

Worker::Worker(WorkerOptions options, Backend& backend, Preparation& preparation,
               Aftermath& aftermath, health::CheckRunner& checks, ProcessRunner& processes,
               Clock& clock, Ledger& ledger)
    : options_(std::move(options)),
      preparation_(preparation),
      aftermath_(aftermath),
      clock_(clock),
      ledger_(ledger),
      performer_(options_, backend, preparation, checks, processes, clock, ledger, inbox_) {}

Worker::~Worker() { Stop(); }

void Worker::Start() {
  inbox_.Open();
  thread_ = std::thread([this] { Run(); });
}

void Worker::Stop() {
  inbox_.Close();
  if (thread_.joinable()) thread_.join();
}

void Worker::Run() {
  if (!Recover()) return;
  if (inbox_.IsEmpty()) Resume();
  while (true) {
    std::optional<update::Event> event = inbox_.Next(Patience());
    if (inbox_.IsClosed()) return;
    if (event) {
      Handle(*event);
    } else if (reboot_due_) {
      spdlog::warn("this machine should have rebooted by now; asking again");
      Perform(update::Reboot{});
    } else {
      performer_.LookAtCommonCause();
    }
    if (inbox_.IsEmpty()) Resume();
  }
}

// Until a reboot that is due and does not come is asked for again, or a common cause is looked at;
// nothing where neither is.
std::optional<std::chrono::milliseconds> Worker::Patience() const {
  if (reboot_due_) return options_->reboot_patience;
  if (ledger_.State().common_cause) return options_->cause_pause;
  return std::nullopt;
}

std::optional<update::Event> Worker::Perform(const update::Action& action) {
  if (std::holds_alternative<update::Reboot>(action)) reboot_due_ = true;
  return performer_.Perform(action);
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
  if (reboot_due_ || inbox_.IsClosed()) return;
  std::optional<update::Action> action = update::PendingAction(ledger_.State().update);
  if (!action) return;
  std::optional<update::Event> event = Perform(*action);
  if (!event) return;
  if (Result<> taken = Take(*event); !taken) spdlog::warn("{}", taken.error().message);
}

// Until the disk can be read nothing can be decided, and a disk that is late is waited for.
bool Worker::Recover() {
  while (!inbox_.IsClosed()) {
    Result<update::Facts> facts = performer_.ReadFacts();
    if (facts) {
      cut_off_ = ledger_.BeginFollowUp();
      if (Result<> taken = Take(update::Started{*facts}); !taken) {
        ledger_.AddProblem(taken.error().message);
      }
      return true;
    }
    ledger_.AddProblem(facts.error().message);
    clock_.Wait(options_->retry_pause, inbox_.Closed());
  }
  return false;
}

Result<update::Facts> Worker::RecoverAlone() {
  MATIC_ASSIGN(update::Facts facts, performer_.ReadFacts());
  MATIC_ASSIGN(update::Step step,
               update::Transition(ledger_.State().update, update::Started{facts}));
  (void)Keep(step, /*go_on=*/true);
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
  std::vector<update::Outcome> ends;
  if (cut_off_) ends.push_back(*std::exchange(cut_off_, std::nullopt));
  while (event) {
    const update::UpdateState before = ledger_.State().update;
    MATIC_ASSIGN(update::Step step, update::Transition(before, *event));
    if (Result<> kept = Keep(step, !NeedsDurableState(step.next)); !kept) {
      step = GiveUp(step, kept.error());
      (void)Keep(step, /*go_on=*/true);
    }
    if (step.next != before) {
      spdlog::info("{} -> {}", update::StateName(before), update::StateName(step.next));
    }
    if (std::holds_alternative<update::Idle>(step.next)) reboot_due_ = false;
    if (step.outcome) ends.push_back(*step.outcome);
    const bool again = step.next == before && IsFailure(*event);
    event.reset();
    if (!step.action || inbox_.IsClosed()) break;
    // A cancellation that came while it was activated saves the machine a reboot.
    if (std::holds_alternative<update::Activated>(step.next) && !inbox_.IsEmpty()) break;
    if (again && !Pause()) break;
    event = Perform(*step.action);
  }
  FollowUp(ends);
  // After the hooks, which may be what puts this machine to work again.
  if (!reboot_due_ && IsAtRest(ledger_.State().update)) preparation_.ReleaseSlot();
  return {};
}

Result<> Worker::Keep(const update::Step& step, bool go_on) {
  if (step.outcome) aftermath_.ShutOutOlder(*step.outcome);
  return ledger_.Advance(step, go_on);
}

// The mark is the last one's: what comes before it is done before that is taken off.
void Worker::FollowUp(const std::vector<update::Outcome>& ends) {
  for (const update::Outcome& end : ends) {
    if (inbox_.IsClosed()) return;  // the next start does it
    aftermath_.Follow(end, inbox_.Closed());
  }
  if (!ends.empty() && !inbox_.IsClosed()) ledger_.EndFollowUp();
}

// Returns false when cut short.
bool Worker::Pause() { return clock_.Wait(options_->retry_pause, inbox_.FreshInterrupt()); }

}  // namespace matic::engine

#include "agent/update/started.h"

#include "agent/update/ends.h"

namespace matic::update {
namespace {

bool Runs(const Facts& facts, const std::string& name) {
  const Target* running = facts.Running();
  return running != nullptr && running->name == name;
}

bool RunsConfirmed(const Facts& facts) {
  const Target* running = facts.Running();
  return running != nullptr && running->Confirmed();
}

// Nothing is known of an update. A running system that is not confirmed (one started as a last
// resort is not, whatever its mark says) is adopted as a trial, so that it is judged like any
// other.
Step AfterStartIdle(const Facts& facts) {
  const Target* running = facts.Running();
  if (running == nullptr || running->Confirmed()) return {Idle{}, AnnounceGoodBoot{}, {}};
  Trial trial;
  trial.order.auto_rollback = true;
  trial.image.target = running->name;
  trial.image.version = running->version;
  if (const Target* previous = facts.WayBack()) trial.previous = previous->name;
  trial.last_boot_id = facts.boot_id;
  trial.boot_counter = 1;
  return {Trying{trial}, CheckHealth{trial}, {}};
}

Step EndWith(const Facts& facts, Outcome outcome) {
  Step step = AfterStartIdle(facts);
  step.outcome = std::move(outcome);
  return step;
}

// Another system than `target` runs, and an update ends with it: what is left in `target` must not
// be started any more, unless it was confirmed once.
Step EndElsewhere(const std::string& target, const Facts& facts, Outcome outcome) {
  const Target* left = facts.Find(target);
  if (RunsConfirmed(facts) && left != nullptr && !left->Confirmed()) {
    return {Idle{}, Discard{target}, std::move(outcome)};
  }
  return EndWith(facts, std::move(outcome));
}

// Going back was arranged, and the machine was started since; yet the system to be left runs.
bool WayBackFailed(const RollingBack& state, const Facts& facts) {
  const Trial& trial = state.trial;
  if (IsOnTrial(trial)) {
    // Made unbootable, and runs: as a last resort. One that is in its last try keeps its priority:
    // the power failed before the way back was arranged.
    const Target& running = *facts.Running();
    return trial.last_boot_id != facts.boot_id && !running.bootable && running.priority == 0;
  }
  const Target* previous = facts.Find(trial.previous);
  return trial.activated_boot_id != facts.boot_id && previous != nullptr && previous->next;
}

// The target was to be tried, and another system runs: the selector went back by itself.
Step FellBack(const Trial& trial, const Facts& facts) {
  const Target* running = facts.Running();
  const Target* target = facts.Find(trial.image.target);
  const std::string& name = trial.image.target;
  Outcome outcome{
      .schedule_id = trial.order.schedule_id,
      .end = Outcome::End::kRolledBack,
      .reason = {},
      .image = trial.image,
      .rollback = RollbackFact{RollbackKind::kAutomatic, name, running ? running->name : "", "",
                               trial.last_boot_id, RollbackCause::kNotStarted}};
  if (trial.image.live) {
    // Only who runs it can make it the default, and was cut off before.
    outcome.reason = "the machine was restarted while " + name + " was on trial";
    outcome.verdict = Verdict::kStrike;
  } else if (target == nullptr) {
    outcome.reason = name + " is no longer there";
  } else if (target->bootable) {
    outcome.reason = (running ? running->name : "another system") + " was started although " +
                     name + " had " + std::to_string(target->tries) + " tries left";
  } else if (target->priority == 0 && !trial.last_boot_id.empty()) {
    // Its own agent writes down first that it goes back, unless the state cannot be kept.
    outcome.reason = name +
                     " was started, and is not bootable any more: its agent went back and could "
                     "not keep why, or the boot selector refused it later";
    outcome.verdict = Verdict::kQuarantine;
    outcome.rollback->cause = RollbackCause::kUnknown;
  } else if (target->priority == 0) {
    outcome.reason = "the boot selector refused " + name + ": its kernel could not be started";
    outcome.verdict = Verdict::kQuarantine;
  } else {
    outcome.reason = "boot attempts used up: " + name + " was started, and never confirmed itself";
    outcome.verdict = Verdict::kStrike;
    outcome.rollback->cause = RollbackCause::kBootAttempts;
  }
  return EndElsewhere(name, facts, std::move(outcome));
}

Outcome Interrupted(const Order& order, const StagedImage& image, const std::string& when) {
  return EndOf(order, Outcome::End::kFailed,
               when + std::to_string(kMaxInterruptions + 1) +
                   " times: the agent or the machine was restarted each time; schedule it again "
                   "once it stays up",
               image);
}

Trial CountStart(Trial trial, const Facts& facts) {
  if (trial.last_boot_id != facts.boot_id) {
    trial.last_boot_id = facts.boot_id;
    ++trial.boot_counter;
  }
  return trial;
}

Step OnTrial(const Trial& trial, const Facts& facts, const std::string& unhealthy) {
  if (!Runs(facts, trial.image.target)) return FellBack(trial, facts);
  // Only a confirmation marks it so: it was done, and the note of it lost.
  if (facts.Running()->Confirmed()) {
    return {Idle{}, AnnounceGoodBoot{}, ConfirmedOutcome(trial, unhealthy)};
  }
  const Trial counted = CountStart(trial, facts);
  return {Trying{counted}, CheckHealth{counted}, {}};
}

class StartedIn {
 public:
  explicit StartedIn(const Facts& seen) : facts_(seen) {}

  Step operator()(const Idle&) const { return AfterStartIdle(facts_); }

  // Its turn may be days away, and the system that runs is good meanwhile.
  Step operator()(const Waiting& state) const {
    if (!RunsConfirmed(facts_)) return NotStaged(state.order);
    if (!state.begun) return {state, AnnounceGoodBoot{}, {}};
    if (state.interruptions < kMaxInterruptions) {
      return {Waiting{state.order, false, state.interruptions + 1}, AnnounceGoodBoot{}, {}};
    }
    // It is not asked for again for ever, either.
    StagedImage image;
    image.digest = state.order.sha256;
    Outcome outcome =
        Interrupted(state.order, image, "interrupted while its pre-checks and hooks ran, ");
    outcome.verdict = Verdict::kStrike;
    return EndWith(facts_, std::move(outcome));
  }

  Step operator()(const Staging& state) const {
    if (!RunsConfirmed(facts_)) return NotStaged(state.order);
    if (state.interruptions < kMaxInterruptions) {
      return {Staging{state.order, state.interruptions + 1}, AnnounceGoodBoot{}, {}};
    }
    return EndWith(facts_, Interrupted(state.order, {}, "interrupted while staging, "));
  }

  Step operator()(const Staged& state) const {
    if (!RunsConfirmed(facts_)) return GivenUp(state.order, state.image);
    if (!state.begun) return {state, AnnounceGoodBoot{}, {}};
    if (state.interruptions < kMaxInterruptions) {
      return {
          Staged{state.order, state.image, false, state.interruptions + 1}, AnnounceGoodBoot{}, {}};
    }
    Outcome outcome = Interrupted(state.order, state.image,
                                  "interrupted while health checks ran before activating, ");
    outcome.verdict = Verdict::kStrike;
    return {Idle{}, Discard{state.image.target}, std::move(outcome)};
  }

  Step operator()(const Activating& state) const {
    const Trial& trial = state.trial;
    if (trial.image.live) {
      // The switch itself may have ended the agent; done twice, it is done once.
      if (trial.activated_boot_id == facts_.boot_id) return {state, Activate{trial.image}, {}};
      return OnTrial(trial, facts_, "");
    }
    if (Runs(facts_, trial.image.target)) return OnTrial(trial, facts_, "");
    // The attributes were written, and their tries used up, before the note of it could be.
    const Target* target = facts_.Find(trial.image.target);
    if (target != nullptr && target->priority > 0 && !target->bootable) {
      return FellBack(trial, facts_);
    }
    if (!RunsConfirmed(facts_)) return GivenUp(trial.order, trial.image);
    return {state, Activate{trial.image}, {}};
  }

  Step operator()(const Activated& state) const {
    const Trial& trial = state.trial;
    if (trial.activated_boot_id != facts_.boot_id) return OnTrial(trial, facts_, "");
    // The agent came back before the reboot did.
    const Target* target = facts_.Find(trial.image.target);
    if (target != nullptr && target->bootable) return {state, Reboot{}, {}};
    return EndWith(
        facts_,
        EndOf(trial.order, Outcome::End::kFailed,
              trial.image.target + " was to be started next, and was made unbootable before it was",
              trial.image));
  }

  Step operator()(const Trying& state) const {
    const Trial& trial = state.trial;
    if (!trial.way_back || !Runs(facts_, trial.image.target)) return OnTrial(trial, facts_, "");
    // It is marked so from before: that its checks have passed is not known.
    const Trial counted = CountStart(trial, facts_);
    if (counted.boot_counter <= kMaxInterruptions)
      return {Trying{counted}, CheckHealth{counted}, {}};
    return RollBack(counted, RollbackKind::kAutomatic,
                    "restarted " + std::to_string(counted.boot_counter - 1) +
                        " times while its health checks ran",
                    "");
  }

  Step operator()(const Confirming& state) const {
    if (Runs(facts_, state.trial.image.target) && !facts_.Running()->Confirmed() &&
        state.trial.last_boot_id == facts_.boot_id) {
      return {state, Confirm{}, {}};
    }
    return OnTrial(state.trial, facts_, state.unhealthy);
  }

  Step operator()(const RollingBack& state) const {
    const Trial& trial = state.trial;
    // The switch back may have ended the agent, and be under way.
    if (trial.image.live && trial.activated_boot_id == facts_.boot_id) {
      return {state, Revert{trial.previous}, {}};
    }
    if (Runs(facts_, trial.image.target)) {
      if (!WayBackFailed(state, facts_)) return {state, Revert{trial.previous}, {}};
      Step step = CannotRollBack(state, trial.previous + " could not be started");
      // A confirmed system, which runs, need not ask for it first at every start.
      if (!step.action) step.action = Discard{trial.previous};
      return step;
    }
    const Target* running = facts_.Running();
    if (const Target* golden = facts_.Golden(); golden && RunsConfirmed(facts_)) {
      return AfterRollback(state, running->name, golden->name, facts_.boot_id);
    }
    Step step = EndElsewhere(trial.image.target, facts_,
                             RolledBackOutcome(state, running ? running->name : ""));
    if (RunsConfirmed(facts_)) step.next = AfterLeaving(state, running->name);
    return step;
  }

  Step operator()(const Cancelling& state) const {
    if (Runs(facts_, state.image.target)) {
      if (state.previous.empty()) {
        return EndWith(facts_, EndOf(state.order, Outcome::End::kFailed,
                                     state.reason + "; but " + state.image.target +
                                         " runs, since nothing else could be started",
                                     state.image));
      }
      Trial trial;
      trial.order = state.order;
      trial.image = state.image;
      trial.previous = state.previous;
      trial.last_boot_id = facts_.boot_id;
      trial.boot_counter = 1;
      return RollBack(trial, RollbackKind::kCancel, state.reason, "");
    }
    return {state, Discard{state.image.target}, {}};
  }

  Step operator()(const Rechecking& state) const {
    if (!RunsConfirmed(facts_) || !Runs(facts_, state.runs) || state.starts >= kMaxRecheckStarts) {
      return AfterStartIdle(facts_);
    }
    Rechecking again = state;
    ++again.starts;
    return {again, AnnounceGoodBoot{}, {}};
  }

 private:
  Step NotStaged(const Order& order) const {
    return EndWith(
        facts_,
        EndOf(order, Outcome::End::kFailed,
              "the running system is not confirmed, so nothing is staged; schedule it again"));
  }

  // What is staged is not made the next boot by a system that is not known to be good.
  Step GivenUp(const Order& order, const StagedImage& image) const {
    const Target* running = facts_.Running();
    return EndWith(facts_, EndOf(order, Outcome::End::kFailed,
                                 (running ? running->name : "no known slot") +
                                     " runs and is not confirmed, so " + image.target +
                                     " was not activated; schedule it again",
                                 image));
  }

  const Facts& facts_;
};

}  // namespace

Step AfterStart(const UpdateState& state, const Facts& facts) {
  return std::visit(StartedIn{facts}, state);
}

}  // namespace matic::update

#include "agent/engine/performer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/engine/progress_rate.h"
#include "lib/os/output_tail.h"

namespace matic::engine {
namespace {

constexpr std::chrono::minutes kCommandDeadline{1};

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

Performer::Performer(const Replaceable<WorkerOptions>& options, Backend& backend,
                     Preparation& preparation, health::CheckRunner& checks,
                     ProcessRunner& processes, Clock& clock, Ledger& ledger, Inbox& inbox)
    : options_(options),
      backend_(backend),
      preparation_(preparation),
      checks_(checks),
      processes_(processes),
      clock_(clock),
      ledger_(ledger),
      inbox_(inbox) {}

std::optional<update::Facts> Performer::LatestFacts() const {
  std::lock_guard lock(mutex_);
  return facts_;
}

Result<update::Facts> Performer::ReadFacts() {
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
update::Facts Performer::LookAgain() {
  Result<update::Facts> facts = backend_.GetFacts();
  std::lock_guard lock(mutex_);
  if (facts && facts->Running() != nullptr) facts_ = std::move(*facts);
  return *facts_;
}

void Performer::Repair() {
  Result<std::vector<std::string>> mended = backend_.Repair();
  if (!mended) {
    ledger_.AddProblem(mended.error().message);
    return;
  }
  // Nothing that needs a person: the selector, which writes one copy only, leaves the other behind.
  for (const std::string& line : *mended) spdlog::warn("mended: {}", line);
}

void Performer::LookAtCommonCause() {
  if (!ledger_.State().common_cause) return;
  std::stop_token token = inbox_.FreshInterrupt();
  const health::Report report = checks_.Glance(token);
  if (!token.stop_requested()) ledger_.SetHealth(report);
}

std::optional<update::Event> Performer::Perform(const update::Action& action) {
  return std::visit([&](const auto& known) { return Perform(known); }, action);
}

std::optional<update::Event> Performer::Perform(const update::Stage& action) {
  std::stop_token token = inbox_.FreshInterrupt();
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
  if (inbox_.IsClosed()) return std::nullopt;  // the next start finds it interrupted
  if (!token.stop_requested()) return update::StageFailed{staged.error()};
  std::optional<std::string> cancelled = inbox_.TakeCancellation(ledger_.State().update);
  if (!cancelled) return std::nullopt;  // what else was asked for is answered, and staging goes on
  return update::StageFailed{Error{ErrorCode::kCancelled, *std::move(cancelled)}};
}

std::optional<std::string> Performer::WhyRefused(const update::Order& order,
                                                 const update::StagedImage& staged) const {
  std::string why;
  if (order.mode == update::Mode::kBuild) return std::nullopt;
  if (std::ranges::find(order.force, kForceQuarantine) != order.force.end()) return std::nullopt;
  if (!ledger_.IsQuarantined(staged.digest, &why)) return std::nullopt;
  return staged.target + " is quarantined: " + why + "; --force quarantine takes it all the same";
}

ProgressSink Performer::MakeSink() {
  return [this, rate = ProgressRate(clock_)](const StageProgress& progress) mutable {
    if (std::optional<Progress> shown = rate.Next(progress)) {
      const bool fetching = progress.phase == StagePhase::kFetching;
      ledger_.SetProgress(fetching ? Phase::kFetching : Phase::kVerifying, *shown);
    }
  };
}

std::optional<update::Event> Performer::Perform(const update::AwaitTurn& action) {
  std::stop_token token = inbox_.FreshInterrupt();
  Result<> ready = preparation_.AwaitStaging(action.order, token);
  if (token.stop_requested()) return std::nullopt;
  if (!ready) return update::PrepareFailed{ready.error()};
  return update::TurnCame{};
}

std::optional<update::Event> Performer::Perform(const update::Prepare& action) {
  std::stop_token token = inbox_.FreshInterrupt();
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

std::optional<update::Event> Performer::Perform(const update::AwaitActivation& action) {
  std::stop_token token = inbox_.FreshInterrupt();
  Result<> ready = preparation_.BeforeActivation(action.order, action.image.live, token);
  if (token.stop_requested()) return std::nullopt;
  if (!ready) return update::ActivateFailed{ready.error()};
  const Result<> same = VerifyOnce(action.image, token);
  if (token.stop_requested()) return std::nullopt;
  if (!same) return update::ActivateFailed{same.error()};
  return update::ActivationDue{};
}

// Somebody else may have written there while no agent looked.
Result<> Performer::VerifyOnce(const update::StagedImage& image, std::stop_token stop) {
  if (image.digest == verified_digest_) return {};
  MATIC_TRY(backend_.Verify(image, MakeSink(), std::move(stop)));
  verified_digest_ = image.digest;
  return {};
}

std::optional<update::Event> Performer::Perform(const update::CheckBaseline&) {
  std::stop_token token = inbox_.FreshInterrupt();
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

std::optional<update::Event> Performer::Perform(const update::Activate& action) {
  Repair();
  // What is switched to without a reboot may run in part already.
  Result<> done = action.image.live ? Result<>() : VerifyOnce(action.image, inbox_.Closed());
  if (done) done = backend_.Activate(action.image, inbox_.Closed());
  if (!done) {
    if (inbox_.IsClosed()) return std::nullopt;  // the next start takes it up
    return update::ActivateFailed{done.error()};
  }
  return update::ActivateSucceeded{};
}

std::optional<update::Event> Performer::Perform(const update::CheckHealth& action) {
  std::stop_token token = inbox_.FreshInterrupt();
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

std::optional<update::Event> Performer::Perform(const update::Recheck& action) {
  std::stop_token token = inbox_.FreshInterrupt();
  const health::Report report = checks_.RunSome(action.checks, options_->health, token);
  if (token.stop_requested()) return std::nullopt;
  if (const std::string failure = report.CriticalFailure(); !failure.empty()) {
    return update::HealthFailed{failure, CriticalFailures(report)};
  }
  return update::HealthPassed{};
}

std::optional<update::Event> Performer::Perform(const update::Confirm&) {
  Repair();
  if (Result<> done = backend_.Confirm(); !done) {
    ledger_.AddProblem(done.error().Context("confirm the running system").message);
    return update::ConfirmFailed{done.error()};
  }
  return update::ConfirmSucceeded{};
}

std::optional<update::Event> Performer::Perform(const update::Revert& action) {
  Repair();
  Result<std::string> done = backend_.Revert(action.previous, inbox_.Closed());
  if (!done) {
    if (inbox_.IsClosed()) return std::nullopt;  // likewise
    ledger_.AddProblem(done.error().Context("go back to " + action.previous).message);
    return update::RevertFailed{done.error()};
  }
  const update::Facts facts = LookAgain();
  const update::Target* golden = facts.Golden();
  return update::RevertSucceeded{*done, golden == nullptr ? "" : golden->name};
}

std::optional<update::Event> Performer::Perform(const update::Discard& action) {
  Repair();
  if (Result<> done = backend_.Discard(action.target); !done) {
    ledger_.AddProblem(done.error().Context("make " + action.target + " unbootable").message);
    return update::DiscardFailed{done.error()};
  }
  return update::Discarded{};
}

std::optional<update::Event> Performer::Perform(const update::Reboot& action) {
  if (action.give_try_back) {
    if (Result<> done = backend_.GiveTryBack(); !done) {
      ledger_.AddProblem(done.error().Context("give the try back").message);
    }
  }
  const std::string command = JoinCommand(options_->reboot_command);
  spdlog::info("rebooting: {}", command);
  Result<ProcessOutcome> outcome = processes_.Run(options_->reboot_command, kCommandDeadline);
  if (!outcome) {
    ledger_.AddProblem(outcome.error().Context("reboot").message);
  } else if (outcome->exit_code != 0) {
    ledger_.AddProblem("reboot: " + command + " " + DescribeExit(outcome->exit_code) + ": " +
                       outcome->output);
  }
  return std::nullopt;
}

std::optional<update::Event> Performer::Perform(const update::AnnounceGoodBoot&) {
  if (options_->good_boot_command.empty()) return std::nullopt;
  Result<ProcessOutcome> outcome = processes_.Run(options_->good_boot_command, kCommandDeadline);
  if (!outcome || outcome->exit_code != 0) {
    spdlog::warn("{}: {}", JoinCommand(options_->good_boot_command),
                 outcome ? outcome->output : outcome.error().message);
  }
  return std::nullopt;
}

}  // namespace matic::engine

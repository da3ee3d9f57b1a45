#include "agent/health/check_runner.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

namespace matic::health {
namespace {

// Less than a caller of the API waits.
constexpr std::chrono::seconds kGlance{20};

enum class Kind {
  kVerdict,
  kSingle,  // one try each, whatever a check wants
  kGlance,  // the same, and the end of the time is no failure
};

// One run of all checks, a thread each, while the thread that asked for it watches the time.
class Round {
 public:
  Round(std::vector<Check*> checks, Clock& clock, const RetryPolicy& policy, Kind kind,
        const std::function<void(const Report&)>& changed)
      : checks_(std::move(checks)),
        clock_(clock),
        policy_(policy),
        kind_(kind),
        changed_(changed),
        open_(checks_.size()) {
    report_.last_updated = clock_.Now();
    for (const Check* check : checks_) {
      CheckReport report;
      report.name = check->name();
      report.critical = check->critical();
      report_.checks.push_back(std::move(report));
    }
  }

  Report Run(std::stop_token stop) {
    if (checks_.empty()) return report_;
    {
      const std::stop_callback on_stop(std::move(stop), [this] {
        cut_off_.request_stop();
        over_.request_stop();
      });
      std::vector<std::jthread> threads;
      for (size_t i = 0; i < checks_.size(); ++i) {
        threads.emplace_back([this, i] {
          RunCheck(i);
          if (--open_ == 0) over_.request_stop();
        });
      }
      if (clock_.Wait(policy_.timeout, over_.get_token())) {
        time_is_up_ = true;
        cut_off_.request_stop();
      }
    }
    return report_;
  }

 private:
  void RunCheck(size_t index) {
    const std::stop_token cut_off = cut_off_.get_token();
    const Tries own = kind_ == Kind::kVerdict ? checks_[index]->tries() : Tries{};
    const uint32_t attempts = std::max(own.attempts.value_or(policy_.attempts), 1u);
    if (const BootTime early = own.after - clock_.SinceBoot(); early.count() > 0) {
      Await(index, own.after);
      clock_.Wait(early, cut_off);
    }
    for (uint32_t attempt = 1; !cut_off.stop_requested(); ++attempt) {
      const BootTime started = clock_.SinceBoot();
      const Finding finding = checks_[index]->Run(cut_off);
      const BootTime took = clock_.SinceBoot() - started;
      if (!finding.passed && cut_off.stop_requested()) {
        // Not a finding of its own, but the best there is to say about it.
        if (time_is_up_) RecordCutOff(index, finding);
        return;
      }
      const bool decided = finding.passed || attempt == attempts;
      Record(index, finding, attempt, took, decided);
      if (decided) return;
      if (!clock_.Wait(own.interval.value_or(policy_.interval), cut_off)) break;
    }
    if (time_is_up_) RecordOutOfTime(index);
  }

  void Await(size_t index, std::chrono::seconds after) {
    const std::lock_guard lock(mutex_);
    report_.checks[index].output =
        "waits until the machine has been up for " + std::to_string(after.count()) + " s";
    Publish();
  }

  void RecordCutOff(size_t index, const Finding& finding) {
    if (!finding.output.empty()) {
      const std::lock_guard lock(mutex_);
      report_.checks[index].output = finding.output;
    }
    RecordOutOfTime(index);
  }

  void Record(size_t index, const Finding& finding, uint32_t attempt, BootTime took, bool decided) {
    const std::lock_guard lock(mutex_);
    CheckReport& check = report_.checks[index];
    check.attempts = attempt;
    check.duration = std::chrono::duration_cast<std::chrono::milliseconds>(took);
    check.output = finding.output;
    if (decided) check.result = finding.passed ? CheckResult::kPassed : CheckResult::kFailed;
    Publish();
  }

  void RecordOutOfTime(size_t index) {
    const std::lock_guard lock(mutex_);
    CheckReport& check = report_.checks[index];
    if (kind_ != Kind::kGlance) check.result = CheckResult::kFailed;
    if (!check.output.empty()) check.output += "; ";
    check.output += "out of time after " + std::to_string(policy_.timeout.count()) + " s";
    Publish();
  }

  // Under the mutex, so that whoever listens sees the reports in order.
  void Publish() {
    report_.last_updated = clock_.Now();
    if (changed_) changed_(report_);
  }

  const std::vector<Check*> checks_;
  Clock& clock_;
  const RetryPolicy& policy_;
  const Kind kind_;
  const std::function<void(const Report&)>& changed_;
  std::stop_source cut_off_;  // ends the checks: the time is up, or somebody asked to stop
  std::stop_source over_;     // ends the wait: every check is decided, or somebody asked to stop
  std::atomic<bool> time_is_up_ = false;
  std::atomic<size_t> open_;
  std::mutex mutex_;
  Report report_;
};

Report RunRound(const std::vector<std::unique_ptr<Check>>& standing, const CheckFinder& finder,
                Clock& clock, const RetryPolicy& policy, Kind kind,
                const std::function<void(const Report&)>& changed, std::stop_token stop,
                const std::vector<std::string>* only = nullptr) {
  const auto found = finder ? finder() : std::vector<std::unique_ptr<Check>>();
  std::vector<Check*> all;
  for (const auto& check : standing) all.push_back(check.get());
  for (const auto& check : found) all.push_back(check.get());
  if (only != nullptr) {
    std::erase_if(all, [&](const Check* check) {
      return std::ranges::find(*only, check->name()) == only->end();
    });
  }
  return Round(std::move(all), clock, policy, kind, changed).Run(std::move(stop));
}

}  // namespace

CheckRunner::CheckRunner(std::vector<std::unique_ptr<Check>> checks, Clock& clock,
                         CheckFinder finder)
    : checks_(Checks{std::move(checks), std::move(finder)}), clock_(clock) {}

CheckRunner::~CheckRunner() = default;

void CheckRunner::Configure(std::vector<std::unique_ptr<Check>> checks, CheckFinder finder) {
  checks_.Replace(Checks{std::move(checks), std::move(finder)});
}

Report CheckRunner::Glance(std::stop_token stop) {
  const RetryPolicy once{.timeout = kGlance, .interval = std::chrono::seconds(0), .attempts = 1};
  const auto checks = checks_.Get();
  return RunRound(checks->standing, checks->finder, clock_, once, Kind::kGlance, nullptr,
                  std::move(stop));
}

Report CheckRunner::RunOnce(std::chrono::seconds limit, std::stop_token stop) {
  const RetryPolicy once{.timeout = limit, .interval = std::chrono::seconds(0), .attempts = 1};
  const auto checks = checks_.Get();
  return RunRound(checks->standing, checks->finder, clock_, once, Kind::kSingle, nullptr,
                  std::move(stop));
}

Report CheckRunner::RunToVerdict(const RetryPolicy& policy,
                                 const std::function<void(const Report&)>& changed,
                                 std::stop_token stop) {
  const auto checks = checks_.Get();
  return RunRound(checks->standing, checks->finder, clock_, policy, Kind::kVerdict, changed,
                  std::move(stop));
}

Report CheckRunner::RunSome(const std::vector<std::string>& names, const RetryPolicy& policy,
                            std::stop_token stop) {
  const auto checks = checks_.Get();
  return RunRound(checks->standing, checks->finder, clock_, policy, Kind::kVerdict, nullptr,
                  std::move(stop), &names);
}

}  // namespace matic::health

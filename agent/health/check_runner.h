// Health checks, run to a verdict.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/health/report.h"
#include "lib/base/replaceable.h"
#include "lib/os/clock.h"

namespace matic::health {

struct Finding {
  bool passed;
  std::string output;  // one line, 1 KiB at most
};

struct Tries {
  std::optional<uint32_t> attempts = std::nullopt;
  std::optional<std::chrono::seconds> interval = std::nullopt;
  std::chrono::seconds after{0};  // the first, counted from the machine's start
};

// One thing that is looked at. Run has a limit of its own, whatever the machine's state, and ends
// sooner when stopped: its output then is what it saw until then. It may be called on several
// threads at once.
class Check {
 public:
  virtual ~Check() = default;
  virtual std::string name() const = 0;
  virtual bool critical() const = 0;
  virtual Finding Run(std::stop_token stop) = 0;
  // Where this check's tries differ from those of the others.
  virtual Tries tries() const { return {}; }
};

struct RetryPolicy {
  std::chrono::seconds timeout{300};  // for all checks together
  std::chrono::seconds interval{10};  // between two tries of one check
  uint32_t attempts = 30;             // of one check, at most
};

// The checks that are there at the moment, such as the scripts in a folder.
using CheckFinder = std::function<std::vector<std::unique_ptr<Check>>()>;

// Thread-safe: a single round may run beside one to a verdict.
class CheckRunner {
 public:
  // `checks` are part of every round, and so is what `finder` finds before it.
  CheckRunner(std::vector<std::unique_ptr<Check>> checks, Clock& clock,
              CheckFinder finder = nullptr);
  ~CheckRunner();

  // Thread-safe; for rounds that begin from now on. Those under way keep the checks they have.
  void Configure(std::vector<std::unique_ptr<Check>> checks, CheckFinder finder);

  // Tries every check once, side by side, for 20 s at most. What still runs then stays
  // kRunning.
  Report Glance(std::stop_token stop);

  // Tries every check once. What still runs when the time is over has failed.
  Report RunOnce(std::chrono::seconds limit, std::stop_token stop);

  // Tries every check until it passes or until its tries or the time are used up. `changed` is
  // called with the report so far after every attempt, by one thread at a time. A check cut off by
  // the time counts as failed, and says so in its output. Stopped early, what still runs is
  // kRunning.
  Report RunToVerdict(const RetryPolicy& policy, const std::function<void(const Report&)>& changed,
                      std::stop_token stop);

  // The same of the checks that are called so, as far as there are any.
  Report RunSome(const std::vector<std::string>& names, const RetryPolicy& policy,
                 std::stop_token stop);

 private:
  struct Checks {
    std::vector<std::unique_ptr<Check>> standing;
    CheckFinder finder;
  };

  Replaceable<Checks> checks_;
  Clock& clock_;
};

}  // namespace matic::health

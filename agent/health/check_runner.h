// Health checks, run to a verdict.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/health/report.h"
#include "lib/os/clock.h"

namespace matic::health {

struct Finding {
  bool passed;
  std::string output;  // one line
};

// One thing that is looked at. Run returns within a few seconds, whatever the machine's state, and
// sooner when stopped; it may be called on several threads at once.
class Check {
 public:
  virtual ~Check() = default;
  virtual std::string name() const = 0;
  virtual bool critical() const = 0;
  virtual Finding Run(std::stop_token stop) = 0;
};

struct RetryPolicy {
  std::chrono::seconds timeout{300};  // for all checks together
  std::chrono::seconds interval{10};  // between two tries of one check
  uint32_t attempts = 30;             // of one check, at most
};

// Thread-safe: a single round may run beside one to a verdict.
class CheckRunner {
 public:
  CheckRunner(std::vector<std::unique_ptr<Check>> checks, Clock& clock);
  ~CheckRunner();

  // Runs every check once, side by side, for half a minute at most.
  Report RunOnce(std::stop_token stop);

  // Tries every check until it passes or until its tries or the time are used up. `changed` is
  // called with the report so far after every attempt, by one thread at a time. A check cut off by
  // the time counts as failed, and says so in its output. Stopped early, what still runs is
  // kRunning.
  Report RunToVerdict(const RetryPolicy& policy, const std::function<void(const Report&)>& changed,
                      std::stop_token stop);

 private:
  std::vector<std::unique_ptr<Check>> checks_;
  Clock& clock_;
};

}  // namespace matic::health

// The steps of a backend that people want to see one by one: what is done now, how each ended, and
// what it printed.
#pragma once

#include <chrono>
#include <string>

#include "agent/engine/schedule.h"

namespace matic::engine {

class Ledger;

struct StepReport {
  std::string name;  // "git pull /etc/nixos (main)"
  bool passed = true;
  std::string output;
  std::chrono::milliseconds duration{0};
};

class StepLog {
 public:
  virtual ~StepLog() = default;
  virtual void Began(Phase phase, const std::string& name) = 0;
  virtual void Ended(const StepReport& step) = 0;
};

// Shows them in the schedule that is under way, and keeps them in the history.
class LedgerStepLog final : public StepLog {
 public:
  explicit LedgerStepLog(Ledger& ledger) : ledger_(ledger) {}
  void Began(Phase phase, const std::string& name) override;
  void Ended(const StepReport& step) override;

 private:
  Ledger& ledger_;
};

}  // namespace matic::engine

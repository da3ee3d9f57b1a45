// Looks at a trial that may be on a dead disk.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/deadline/machine.h"
#include "agent/deadline/trial.h"

namespace matic::deadline {

// What is seen of the running system; nothing where it is not found, or not yet. May never return.
using Look = std::function<std::optional<Sighting>()>;

struct Observation {
  std::optional<std::chrono::seconds> deadline;
  std::optional<Reading> reading;
};

class Observer {
 public:
  // `state`: rollback_state.json.
  Observer(const Machine& machine, Look look, std::string state);

  // In a thread of its own, since a read from a dead disk never returns; nothing is seen then.
  Observation Observe();
  // What was seen last, for messages.
  const std::string& name() const { return name_; }

 private:
  const Machine& machine_;
  const Look look_;
  const std::string state_;
  std::atomic<bool> busy_ = false;
  std::string name_ = "the system";
};

}  // namespace matic::deadline

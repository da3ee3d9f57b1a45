// Doing a piece of work as a step that people see (agent/engine/step_log.h).
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "agent/engine/step_log.h"
#include "lib/base/result.h"
#include "lib/os/clock.h"

namespace matic::nixos {

class Steps {
 public:
  Steps(engine::StepLog& log, Clock& clock) : log_(log), clock_(clock) {}

  // What `work` returns. `output` of it says what there is to keep of one that went well; an error
  // keeps its message.
  template <typename Work, typename Output>
  auto Run(engine::Phase phase, const std::string& name, Work work, Output output)
      -> decltype(work()) {
    log_.Began(phase, name);
    const BootTime began = clock_.SinceBoot();
    auto result = work();
    log_.Ended({.name = name,
                .passed = result.has_value(),
                .output = result ? output(*result) : result.error().message,
                .duration = std::chrono::duration_cast<std::chrono::milliseconds>(
                    clock_.SinceBoot() - began)});
    return result;
  }

 private:
  engine::StepLog& log_;
  Clock& clock_;
};

}  // namespace matic::nixos

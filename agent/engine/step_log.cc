#include "agent/engine/step_log.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>

#include "agent/engine/ledger.h"

namespace matic::engine {
namespace {

constexpr size_t kMaxOutput = 16 * 1024;

std::string Seconds(std::chrono::milliseconds duration) {
  return fmt::format("{:.1f} s", static_cast<double>(duration.count()) / 1000.0);
}

}  // namespace

void LedgerStepLog::Began(Phase phase, const std::string& name) {
  spdlog::info("{}", name);
  ledger_.SetStep(phase, name);
}

void LedgerStepLog::Ended(const StepReport& step) {
  HistoryEvent event;
  event.kind = "step";
  if (const std::optional<Schedule> active = ledger_.ActiveSchedule()) {
    event.schedule_id = active->id;
  }
  event.summary =
      step.name + (step.passed ? " passed" : " failed") + " after " + Seconds(step.duration);
  const std::string& text = step.output;
  event.output = text.substr(text.size() - std::min(text.size(), kMaxOutput));
  ledger_.Note(std::move(event));
}

}  // namespace matic::engine

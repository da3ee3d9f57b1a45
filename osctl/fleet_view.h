// Plans and runs of a fleet, as people see them.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "osctl/fleet/run/run_engine.h"
#include "osctl/render/terminal.h"
#include "osctl/session.h"

namespace matic::osctl {

std::string PlanText(const fleet::Plan& plan, const Terminal& terminal);
nlohmann::json PlanJson(const fleet::Plan& plan);

// A table of the machines of a run, what it waits for, and how it ended. Where that is more than
// `lines`, machines at work come first, then those that failed, and the others are only counted.
std::string RunText(const fleet::RunRecord& run, const fleet::RunState& state,
                    const fleet::Decision& decision, WallTime now, const Terminal& terminal,
                    size_t lines = SIZE_MAX);
// Who did not come to a good end, and why, in full; empty where all did.
std::string EndText(const fleet::RunRecord& run, const fleet::RunState& state);
// "db: waits for approval, …"
std::string WaitsText(const fleet::Plan& plan, const fleet::Decision& decision);
nlohmann::json RunJson(const fleet::RunRecord& run, const fleet::RunState& state,
                       const fleet::Decision& decision);

// "run-20261121-020000-1f6c of home (rollback)"
std::string TitleOf(const fleet::RunRecord& run);
ExitCode OutcomeCode(const fleet::RunState& state);

// On a terminal a table that changes in its place, and notices above it; in a pipe a line a change;
// with --output json an object a line.
class RunView final : public fleet::RunObserver {
 public:
  explicit RunView(const Session& session);
  void Changed(const fleet::RunRecord& run, const fleet::RunState& state,
               const fleet::Decision& decision) override;
  void Tell(const fleet::RunRecord& run, const fleet::RunState& state,
            const fleet::Notice& notice) override;

  // What is not of the run itself: a channel that cannot be reached.
  void Warn(const std::string& run, const std::string& text);

 private:
  void Note(std::string line);
  void Lines(const fleet::RunRecord& run, const fleet::RunState& state,
             const fleet::Decision& decision);

  const Session& session_;
  Block block_;
  std::vector<fleet::MachinePhase> shown_;
  std::string waits_;
  std::vector<std::string> notices_;  // the last ones
};

}  // namespace matic::osctl

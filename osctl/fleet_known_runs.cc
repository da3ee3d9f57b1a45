#include "osctl/fleet_known_runs.h"

#include <vector>

#include "osctl/fleet/run/parallel.h"

namespace matic::osctl {
namespace {

struct Answer {
  bool given = false;
  v1::Lease lease;
  std::string newest;  // the run of its newest schedule
};

Answer Ask(FleetController& controller, const fleet::Machine& machine) {
  Answer answer;
  const auto node = controller.nodes.Open(machine.address);
  if (!node) return answer;
  const Result<v1::GetStatusResponse> status = (*node)->GetStatus();
  if (!status) return answer;
  const Result<v1::Schedule> newest = (*node)->GetSchedule("");
  answer.given = newest || newest.error().code == ErrorCode::kNotFound;
  answer.lease = status->lease();
  if (newest) answer.newest = newest->run();
  return answer;
}

}  // namespace

std::string KnownRuns::Text() const {
  std::string text;
  for (const auto& [run, holder] : holding) {
    text += (text.empty() ? "" : ", ") + run + " (" + holder + ")";
  }
  if (text.empty()) return "no run holds a machine of the fleet that answers";
  return "runs that hold machines now: " + text;
}

KnownRuns AskForRuns(FleetController& controller) {
  const std::vector<fleet::Machine>& machines = controller.inventory.machines;
  std::vector<Answer> answers(machines.size());
  fleet::ForEachIndex(machines.size(), fleet::kAskedAtOnce,
                      [&](size_t i) { answers[i] = Ask(controller, machines[i]); });
  KnownRuns known;
  const auto now = std::chrono::system_clock::to_time_t(controller.clock.Now());
  for (const Answer& answer : answers) {
    known.all_answered = known.all_answered && answer.given;
    const v1::Lease& lease = answer.lease;
    for (const std::string& run : {lease.run(), answer.newest}) {
      if (!run.empty()) known.seen.insert(run);
    }
    const bool holds =
        !lease.run().empty() && lease.stopped_by().empty() && lease.until().seconds() > now;
    if (holds) known.holding[lease.run()] = lease.holder();
  }
  return known;
}

}  // namespace matic::osctl

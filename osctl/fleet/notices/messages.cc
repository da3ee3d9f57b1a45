#include "osctl/fleet/notices/messages.h"

#include <string>

#include "osctl/fleet/planner/outcome.h"

namespace matic::fleet {
namespace {

using notify::Level;

struct Words {
  Level level = Level::kInfo;
  std::string title;
};

Words OfGroupsEnd(const RunState& state, const Notice& notice, const std::string& group) {
  const GroupEnd end = state.groups.at(notice.group.value_or(0)).end;
  if (end == GroupEnd::kWell) return {Level::kInfo, "Group " + group + " is done"};
  const bool failed = end == GroupEnd::kFailed || end == GroupEnd::kUnhealthy;
  return {failed ? Level::kError : Level::kWarning,
          "Group " + group + " did not end well: " + std::string(NameOf(end))};
}

Words OfRunsEnd(const RunState& state) {
  switch (OutcomeOf(state)) {
    case RunOutcome::kStopped:
      return {Level::kWarning, "Run was stopped"};
    case RunOutcome::kFailed:
      return {Level::kError, "Run failed"};
    case RunOutcome::kOpen:
    case RunOutcome::kWell:
      break;
  }
  return {Level::kInfo, "Run ended well"};
}

Words WordsOf(const RunState& state, const Notice& notice, const std::string& group) {
  switch (notice.kind) {
    case NoticeKind::kRunStarted:
      return {Level::kInfo, "Run started"};
    case NoticeKind::kWaveDone:
      return {Level::kInfo, "A wave of group " + group + " is done"};
    case NoticeKind::kMachineFailed:
      return {Level::kError, notice.machine + " failed"};
    case NoticeKind::kRolledBack:
      return {Level::kWarning, notice.machine + " went back to its old system"};
    case NoticeKind::kApprovalNeeded:
      return {Level::kWarning, "Group " + group + " waits for approval"};
    case NoticeKind::kGroupEnded:
      return OfGroupsEnd(state, notice, group);
    case NoticeKind::kPaused:
      return {Level::kInfo, "Run is paused"};
    case NoticeKind::kResumed:
      return {Level::kInfo, "Run goes on"};
    case NoticeKind::kRunStopped:
      return {state.stop == StopCause::kAsked ? Level::kWarning : Level::kError, "Run stops"};
    case NoticeKind::kLongRunning:
      return {Level::kWarning, "Run takes long"};
    case NoticeKind::kRunFinished:
      break;
  }
  return OfRunsEnd(state);
}

std::string BodyOf(const RunRecord& run, const RunState& state, const Notice& notice,
                   const std::string& group) {
  if (notice.kind == NoticeKind::kApprovalNeeded) {
    return "On the controller: osctl fleet approve " + group;
  }
  std::string body = notice.text;
  if (notice.kind != NoticeKind::kRunFinished) return body;
  for (size_t i = 0; i < state.machines.size(); ++i) {
    const MachineRun& machine = state.machines[i];
    if (machine.phase != MachinePhase::kFailed && machine.phase != MachinePhase::kRolledBack) {
      continue;
    }
    body += "\n" + run.plan.machines[i].name + ": " + std::string(NameOf(machine.phase)) +
            (machine.reason.empty() ? "" : ": " + machine.reason);
  }
  return body;
}

}  // namespace

notify::Message MessageOf(const RunRecord& run, const RunState& state, const Notice& notice) {
  const std::string group = notice.group ? run.plan.groups.at(*notice.group).name : "";
  const Words words = WordsOf(state, notice, group);
  notify::Message message;
  message.level = words.level;
  message.event = notify::ParseEvent(NameOf(notice.kind)).value_or(notify::Event::kSaid);
  message.title = words.title;
  message.body = BodyOf(run, state, notice, group);
  message.node = run.fleet;
  message.time = notice.at;
  message.fields.push_back({"run", run.id});
  if (run.plan.work != Work::kUpdate) {
    message.fields.push_back({"work", std::string(NameOf(run.plan.work))});
  }
  if (!group.empty()) message.fields.push_back({"group", group});
  if (!notice.machine.empty()) message.fields.push_back({"machine", notice.machine});
  return message;
}

}  // namespace matic::fleet

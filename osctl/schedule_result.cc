// osctl schedule result
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "osctl/client/client.h"
#include "osctl/commands.h"
#include "osctl/render/schedules.h"
#include "osctl/session.h"
#include "osctl/watch.h"

namespace matic::osctl {
namespace {

constexpr uint32_t kEventsLookedAt = 100;

bool IsEnd(const v1::HistoryEvent& event) {
  const std::array<std::string, 4> ends = {"completed", "failed", "rolled-back", "cancelled"};
  return std::ranges::find(ends, event.kind()) != ends.end() && !event.schedule_id().empty();
}

// The latest schedule that ended since the machine was started.
std::optional<std::string> EndedSinceStart(const v1::GetStatusResponse& status) {
  for (const v1::HistoryEvent& event : status.events()) {
    if (IsEnd(event) && event.boot_id() == status.boot_id()) return event.schedule_id();
  }
  return std::nullopt;
}

Result<ExitCode> ShowEnded(Session& session, Client& client, const std::string& id) {
  v1::GetScheduleStatusRequest request;
  request.set_schedule_id(id);
  MATIC_ASSIGN(const v1::GetScheduleStatusResponse response, client.GetScheduleStatus(request));
  if (session.json()) {
    session.PrintJson(response, JsonLayout::kPretty);
  } else {
    session.out() << ScheduleText(response.schedule(), session.terminal());
  }
  return OutcomeCode(response.schedule().state());
}

Result<ExitCode> ShowResult(Session& session, Client& client) {
  v1::GetStatusRequest request;
  request.set_events(kEventsLookedAt);
  MATIC_ASSIGN(const v1::GetStatusResponse status, client.GetStatus(request));
  if (!status.schedule_id().empty()) {
    return Watch(session, client, status.schedule_id(), WatchUntil::kStaged, Reached::kBefore);
  }
  if (const auto id = EndedSinceStart(status)) return ShowEnded(session, client, *id);
  if (session.json()) {
    session.PrintJson(v1::GetScheduleStatusResponse(), JsonLayout::kPretty);
  } else {
    session.out() << "No update has ended since this start.\n";
  }
  return ExitCode::kDone;
}

}  // namespace

void AddScheduleResultCommand(CLI::App& schedule, Session& session) {
  CLI::App* command = schedule.add_subcommand(
      "result", "Tell how the update ended that this start of the node belongs to");
  command->footer(
      "Follows the update that is under way to its end, or shows the latest that ended since the "
      "node was started; the exit code is its outcome, 0 where there is none.\n\nExample:\n  osctl "
      "schedule result");
  command->callback([&session] {
    session.RunRemote([&](Client& client) { return ShowResult(session, client); });
  });
}

}  // namespace matic::osctl

// osctl schedule status, list, cancel, activate, watch
#include <CLI/CLI.hpp>
#include <memory>

#include "osctl/client/client.h"
#include "osctl/commands.h"
#include "osctl/render/schedules.h"
#include "osctl/session.h"
#include "osctl/watch.h"

namespace matic::osctl {
namespace {

template <typename Response>
ExitCode Show(Session& session, const Response& response) {
  if (session.json()) {
    session.PrintJson(response, JsonLayout::kPretty);
  } else {
    session.out() << ScheduleText(response.schedule(), session.terminal());
  }
  return ExitCode::kDone;
}

void AddId(CLI::App* command, std::string& id, bool required) {
  auto* option = command->add_option(
      "ID", id, required ? "The schedule's id" : "The schedule's id [the newest]");
  option->required(required)->type_name("");
}

void AddStatus(CLI::App& schedule, Session& session) {
  CLI::App* command = schedule.add_subcommand("status", "Show one schedule");
  auto request = std::make_shared<v1::GetScheduleStatusRequest>();
  AddId(command, *request->mutable_schedule_id(), false);
  command->footer("Examples:\n  osctl schedule status\n  osctl schedule status sched-20260127-001");
  command->callback([&session, request] {
    session.RunRemote([&](Client& client) -> Result<ExitCode> {
      MATIC_ASSIGN(const auto response, client.GetScheduleStatus(*request));
      return Show(session, response);
    });
  });
}

void AddList(CLI::App& schedule, Session& session) {
  CLI::App* command = schedule.add_subcommand("list", "List schedules, the newest first");
  auto limit = std::make_shared<uint32_t>(50);
  command->add_option("--limit", *limit, "At most this many")
      ->type_name("N")
      ->check(CLI::Range(1, 500).description(""))
      ->capture_default_str();
  command->footer("Example:\n  osctl schedule list --limit 5");
  command->callback([&session, limit] {
    session.RunRemote([&](Client& client) -> Result<ExitCode> {
      v1::ListSchedulesRequest request;
      request.set_limit(*limit);
      MATIC_ASSIGN(const v1::ListSchedulesResponse response, client.ListSchedules(request));
      if (session.json()) {
        session.PrintJson(response, JsonLayout::kPretty);
      } else {
        session.out() << ScheduleTable(response, session.terminal());
      }
      return ExitCode::kDone;
    });
  });
}

void AddCancel(CLI::App& schedule, Session& session) {
  CLI::App* command = schedule.add_subcommand(
      "cancel", "Cancel: before activation nothing remains, after it the way back is taken");
  auto request = std::make_shared<v1::CancelScheduleRequest>();
  AddId(command, *request->mutable_schedule_id(), true);
  command->add_option("--reason", *request->mutable_reason(), "Why, for the history")
      ->type_name("TEXT");
  command->footer("Example:\n  osctl schedule cancel sched-20260127-001 --reason \"wrong image\"");
  command->callback([&session, request] {
    session.RunRemote([&](Client& client) -> Result<ExitCode> {
      MATIC_ASSIGN(const auto response, client.CancelSchedule(*request));
      return Show(session, response);
    });
  });
}

void AddActivate(CLI::App& schedule, Session& session) {
  CLI::App* command = schedule.add_subcommand(
      "activate", "Let a schedule that stopped after staging go on: activate and reboot");
  auto request = std::make_shared<v1::ActivateUpdateRequest>();
  auto watch = std::make_shared<bool>(false);
  AddId(command, *request->mutable_schedule_id(), true);
  command->add_flag("--watch", *watch, "Follow it to its end; the exit code is its outcome");
  command->footer("Example:\n  osctl schedule activate sched-20260127-001 --watch");
  command->callback([&session, request, watch] {
    session.RunRemote([&](Client& client) -> Result<ExitCode> {
      MATIC_ASSIGN(const auto response, client.ActivateUpdate(*request));
      if (!*watch) return Show(session, response);
      if (session.json()) session.PrintJson(response, JsonLayout::kOneLine);
      return Watch(session, client, response.schedule().id(), WatchUntil::kEnd, Reached::kBefore);
    });
  });
}

void AddWatch(CLI::App& schedule, Session& session) {
  CLI::App* command = schedule.add_subcommand(
      "watch", "Follow a schedule to its end; the exit code is its outcome");
  auto id = std::make_shared<std::string>();
  AddId(command, *id, false);
  command->footer(
      "Hanging up (Ctrl-C) cancels nothing.\n\nExample:\n  osctl schedule watch "
      "sched-20260127-001");
  command->callback([&session, id] {
    session.RunRemote([&](Client& client) -> Result<ExitCode> {
      return Watch(session, client, *id, WatchUntil::kStaged, Reached::kNotYet);
    });
  });
}

}  // namespace

void AddScheduleCommand(CLI::App& app, Session& session) {
  CLI::App* schedule = app.add_subcommand("schedule", "Update the node, and follow its updates");
  schedule->require_subcommand(1);
  schedule->footer(
      "Examples:\n  osctl schedule update --source URL --sha256 HEX --watch\n  osctl schedule "
      "list\n  osctl schedule watch sched-20260127-001");
  AddScheduleUpdateCommand(*schedule, session);
  AddStatus(*schedule, session);
  AddList(*schedule, session);
  AddWatch(*schedule, session);
  AddScheduleResultCommand(*schedule, session);
  AddActivate(*schedule, session);
  AddCancel(*schedule, session);
}

}  // namespace matic::osctl

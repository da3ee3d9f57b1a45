// osctl schedule update
#include <CLI/CLI.hpp>
#include <memory>

#include "osctl/client/client.h"
#include "osctl/commands.h"
#include "osctl/session.h"
#include "osctl/update_request.h"
#include "osctl/watch.h"

namespace matic::osctl {
namespace {

struct Options {
  UpdateOptions update;
  bool watch = false;
  bool until_reboot = false;
};

Result<ExitCode> Update(Session& session, Client& client, const v1::ScheduleUpdateRequest& request,
                        const Options& options) {
  MATIC_ASSIGN(const v1::ScheduleUpdateResponse response, client.ScheduleUpdate(request));
  const std::string& id = response.schedule().id();
  if (session.json()) {
    session.PrintJson(response, options.watch ? JsonLayout::kOneLine : JsonLayout::kPretty);
  } else {
    session.out() << "Schedule ID: " << id << std::endl;
  }
  if (options.watch) {
    const WatchUntil until = options.until_reboot ? WatchUntil::kReboot : WatchUntil::kStaged;
    return Watch(session, client, id, until, Reached::kBefore);
  }
  if (!session.json()) session.out() << "Follow it with: osctl schedule watch " << id << "\n";
  return ExitCode::kDone;
}

}  // namespace

void AddScheduleUpdateCommand(CLI::App& schedule, Session& session) {
  CLI::App* command = schedule.add_subcommand("update", "Update the node to another image");
  auto options = std::make_shared<Options>();
  AddUpdateOptions(*command, options->update);
  CLI::Option* watch =
      command->add_flag("--watch", options->watch,
                        "Follow it to its end, reboot included; the exit code is its outcome");
  command
      ->add_flag("--until-reboot", options->until_reboot,
                 "Follow it no further than to the reboot, on the node itself; `osctl schedule "
                 "result` then tells of the rest")
      ->needs(watch);
  command->footer(R"(Examples:
  osctl schedule update --source https://cdn.example.com/stable.json --enable-auto-rollback
  osctl schedule update --source https://cdn.example.com/os-2.0.squashfs --sha256 9f2c... \
      --enable-auto-rollback --watch
  osctl schedule update --source file:///srv/os-2.0.squashfs --sha256 9f2c... --stop-after-staging
  osctl schedule update --source https://cdn.example.com/os-2.0.squashfs --sha256 9f2c... \
      --window "Sat,Sun 02:00-05:00" --timezone Europe/Berlin --blackout 2026-12-24..2027-01-02)");
  command->callback([&session, options] {
    const auto request = ToRequest(options->update);
    if (!request) return session.Fail(request.error(), ExitCode::kUsage);
    session.RunRemote([&](Client& client) { return Update(session, client, *request, *options); });
  });
}

}  // namespace matic::osctl

// osctl schedule update
#include <CLI/CLI.hpp>
#include <memory>

#include "osctl/client.h"
#include "osctl/commands.h"
#include "osctl/session.h"
#include "osctl/source.h"
#include "osctl/timing.h"
#include "osctl/watch.h"

namespace matic::osctl {
namespace {

struct UpdateOptions {
  std::string source;
  std::string sha256;
  bool enable_auto_rollback = false;
  uint32_t health_check_timeout = 0;
  bool stop_after_staging = false;
  std::vector<std::string> force;
  std::string request_id;
  TimingOptions timing;
  std::vector<std::string> pre_hooks;
  std::vector<std::string> post_hooks;
  std::vector<std::string> rollback_hooks;
  std::string comment;
  bool watch = false;
};

v1::ScheduleUpdateRequest ToRequest(const UpdateOptions& options, const v1::Timing& timing) {
  v1::ScheduleUpdateRequest request;
  request.set_source(options.source);
  request.set_sha256(options.sha256);
  request.set_enable_auto_rollback(options.enable_auto_rollback);
  request.set_health_check_timeout_seconds(options.health_check_timeout);
  request.set_stop_after(options.stop_after_staging ? v1::STOP_AFTER_STAGED
                                                    : v1::STOP_AFTER_NOTHING);
  for (const std::string& name : options.force) request.add_force(name);
  request.set_request_id(options.request_id);
  for (const std::string& name : options.pre_hooks) request.mutable_hooks()->add_pre(name);
  for (const std::string& name : options.post_hooks) request.mutable_hooks()->add_post(name);
  for (const std::string& name : options.rollback_hooks) {
    request.mutable_hooks()->add_rollback(name);
  }
  request.set_comment(options.comment);
  if (timing.ByteSizeLong() > 0) *request.mutable_timing() = timing;
  return request;
}

Result<ExitCode> Update(Session& session, Client& client, const UpdateOptions& options,
                        const v1::Timing& timing) {
  MATIC_ASSIGN(const v1::ScheduleUpdateResponse response,
               client.ScheduleUpdate(ToRequest(options, timing)));
  const std::string& id = response.schedule().id();
  if (session.json()) {
    session.PrintJson(response, options.watch ? JsonLayout::kOneLine : JsonLayout::kPretty);
  } else {
    session.out() << "Schedule ID: " << id << std::endl;
  }
  if (options.watch) {
    return WatchToEnd(session, client, id, StagedIs::kTheEnd, Reached::kBefore);
  }
  if (!session.json()) session.out() << "Follow it with: osctl schedule watch " << id << "\n";
  return ExitCode::kDone;
}

}  // namespace

void AddScheduleUpdateCommand(CLI::App& schedule, Session& session) {
  CLI::App* command = schedule.add_subcommand("update", "Update the node to another image");
  auto options = std::make_shared<UpdateOptions>();
  command
      ->add_option("--source", options->source,
                   "An image, a signed manifest or a channel (….json): an https://, http:// or "
                   "file:// URL [the node's channel]")
      ->type_name("URL");
  command
      ->add_option("--sha256", options->sha256,
                   "SHA-256 of the image, 64 hex digits [as the signed manifest has it]")
      ->type_name("HEX");
  command->add_flag("--enable-auto-rollback", options->enable_auto_rollback,
                    "Go back to the present system when a critical health check fails");
  command
      ->add_option("--health-check-timeout", options->health_check_timeout,
                   "Time for the health checks to pass [the agent's default]")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 86400).description(""));
  command->add_flag("--stop-after-staging", options->stop_after_staging,
                    "Write and verify the image, and wait for `osctl schedule activate`");
  command
      ->add_option("--force", options->force,
                   "Pass by: 'quarantine' of an image that has failed here before, or a pre-check")
      ->type_name("NAME,…")
      ->delimiter(',');
  command
      ->add_option("--request-id", options->request_id,
                   "Asking again with the same id returns the same schedule")
      ->type_name("ID");
  const auto hook = [&](const char* flag, std::vector<std::string>& names, const char* when) {
    command->add_option(flag, names, std::string("A file of the node's hooks/named.d, run ") + when)
        ->type_name("NAME");
  };
  hook("--pre-hook", options->pre_hooks, "before the update; its failure stops it");
  hook("--post-hook", options->post_hooks, "after the update is confirmed");
  hook("--rollback-hook", options->rollback_hooks, "after the machine went back");
  command->add_option("--comment", options->comment, "Why, for the history")->type_name("TEXT");
  AddTimingOptions(*command, options->timing);
  command->add_flag("--watch", options->watch,
                    "Follow it to its end, reboot included; the exit code is its outcome");
  command->footer(R"(Examples:
  osctl schedule update --source https://cdn.example.com/stable.json --enable-auto-rollback
  osctl schedule update --source https://cdn.example.com/os-2.0.squashfs --sha256 9f2c... \
      --enable-auto-rollback --watch
  osctl schedule update --source file:///srv/os-2.0.squashfs --sha256 9f2c... --stop-after-staging
  osctl schedule update --source https://cdn.example.com/os-2.0.squashfs --sha256 9f2c... \
      --window "Sat,Sun 02:00-05:00" --timezone Europe/Berlin --blackout 2026-12-24..2027-01-02)");
  command->callback([&session, options] {
    Result<> checked;
    if (!options->source.empty()) checked = CheckSource(options->source);
    if (checked && !options->sha256.empty()) checked = CheckSha256(options->sha256);
    if (!checked) return session.Fail(checked.error(), ExitCode::kUsage);
    const auto timing = ToTiming(options->timing);
    if (!timing) return session.Fail(timing.error(), ExitCode::kUsage);
    session.RunRemote([&](Client& client) { return Update(session, client, *options, *timing); });
  });
}

}  // namespace matic::osctl

#include "osctl/update_request.h"

#include <CLI/CLI.hpp>

#include "lib/completion/completion.h"
#include "osctl/source.h"

namespace matic::osctl {
namespace {

// A script's unset variable must not stand for "as configured".
CLI::Validator NotEmpty() {
  return CLI::Validator(
      [](const std::string& text) { return text.empty() ? "is empty" : std::string(); }, "");
}

v1::UpdateMode ModeOf(const std::string& name) {
  if (name == "switch") return v1::UPDATE_MODE_SWITCH;
  if (name == "boot") return v1::UPDATE_MODE_BOOT;
  return name == "build" ? v1::UPDATE_MODE_BUILD : v1::UPDATE_MODE_AUTO;
}

}  // namespace

void AddUpdateOptions(CLI::App& command, UpdateOptions& options) {
  command
      .add_option("--source", options.source,
                  "An image, a signed manifest or a channel (….json): an https://, http:// or "
                  "file:// URL [the node's channel]")
      ->type_name("URL")
      ->check(NotEmpty());
  CLI::Option* source = command.get_option("--source");
  CLI::Option* flake = command
                           .add_option("--flake", options.flake,
                                       "Of a Nix host: the flake to build, and its "
                                       "nixosConfigurations.ATTR [as configured]")
                           ->type_name("REF#ATTR")
                           ->check(NotEmpty())
                           ->excludes(source);
  command
      .add_option("--store-path", options.store_path,
                  "Of a Nix host: a system that was built elsewhere and copied into its store")
      ->type_name("PATH")
      ->check(NotEmpty())
      ->excludes(source)
      ->excludes(flake);
  CLI::Option* mode =
      command.add_option("--mode", options.mode,
                         "Of a Nix host: auto (without a reboot where that can be done), switch, "
                         "boot, or build (and nothing more) [as configured]");
  completion::TakesOneOf(mode, {"auto", "switch", "boot", "build"});
  command
      .add_option("--update-input", options.inputs,
                  "Of a Nix host: inputs of the flake to move to their newest revisions; '*' is "
                  "all of them [as configured]")
      ->type_name("NAME,…")
      ->delimiter(',');
  command.add_flag("--no-reboot", options.no_reboot,
                   "An update that takes a reboot stays staged until `osctl schedule activate`");
  command
      .add_option("--sha256", options.sha256,
                  "SHA-256 of the image, 64 hex digits [as the signed manifest has it]")
      ->type_name("HEX")
      ->check(NotEmpty());
  command.add_flag("--enable-auto-rollback", options.enable_auto_rollback,
                   "Go back to the present system when a critical health check fails");
  command
      .add_option("--health-check-timeout", options.health_check_timeout,
                  "Time for the health checks to pass [the agent's default]")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 86400).description(""));
  command.add_flag("--stop-after-staging", options.stop_after_staging,
                   "Write and verify the image, and wait for `osctl schedule activate`");
  command
      .add_option("--force", options.force,
                  "Pass by: 'quarantine' of an image that has failed here before, or a pre-check")
      ->type_name("NAME,…")
      ->delimiter(',');
  command
      .add_option("--request-id", options.request_id,
                  "Asking again with the same id returns the same schedule")
      ->type_name("ID");
  const auto hook = [&](const char* flag, std::vector<std::string>& names, const char* when) {
    command.add_option(flag, names, std::string("A file of the node's hooks/named.d, run ") + when)
        ->type_name("NAME");
  };
  hook("--pre-hook", options.pre_hooks, "before the update; its failure stops it");
  hook("--post-hook", options.post_hooks, "after the update is confirmed");
  hook("--rollback-hook", options.rollback_hooks, "after the machine went back");
  command.add_option("--comment", options.comment, "Why, for the history")->type_name("TEXT");
  AddTimingOptions(command, options.timing);
}

Result<v1::ScheduleUpdateRequest> ToRequest(const UpdateOptions& options) {
  if (!options.source.empty()) MATIC_TRY(CheckSource(options.source));
  if (!options.store_path.empty()) MATIC_TRY(CheckStorePath(options.store_path));
  if (!options.sha256.empty()) MATIC_TRY(CheckSha256(options.sha256));
  MATIC_ASSIGN(const v1::Timing timing, ToTiming(options.timing));
  // What is asked for again was right when it was asked for first.
  if (options.request_id.empty()) {
    MATIC_TRY(CheckIsToCome(timing, std::chrono::system_clock::now()));
  }
  v1::ScheduleUpdateRequest request;
  request.set_source(options.source + options.flake + options.store_path);  // one at most is said
  if (!options.mode.empty()) request.set_mode(ModeOf(options.mode));
  for (const std::string& input : options.inputs) request.add_inputs(input);
  request.set_no_reboot(options.no_reboot);
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

}  // namespace matic::osctl

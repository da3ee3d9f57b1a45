// osctl fleet rollback, and osctl fleet reboot
#include <CLI/CLI.hpp>

#include "lib/calendar/moment.h"
#include "osctl/fleet_run.h"

namespace matic::osctl {
namespace {

struct RebootOptions {
  bool staggered = false;
  std::string delay;
};

Result<fleet::Plan> PlanReboot(FleetController& controller, const fleet::Selection& selection,
                               const RebootOptions& reboot) {
  fleet::Settings& settings = controller.inventory.settings;
  if (reboot.staggered) settings.max_parallel = 1;
  if (!reboot.delay.empty()) {
    const Result<std::chrono::seconds> delay = calendar::ParseDuration(reboot.delay);
    if (!delay) return Fail(delay.error().Context("--delay"));
    settings.reboot_stagger = *delay;
  }
  return PlanNow(controller, selection, {.work = fleet::Work::kRestart});
}

}  // namespace

void AddFleetRollbackCommand(CLI::App& parent, Session& session, SharedFleetOptions options) {
  CLI::App* command = parent.add_subcommand(
      "rollback", "Go back to what the machines ran before, groups in the reverse order");
  auto task = std::make_shared<fleet::Task>(fleet::Task{.work = fleet::Work::kRollBack});
  auto wait = std::make_shared<bool>(false);
  command
      ->add_option("--to-generation", task->generation, "Of Nix hosts: to this one [the last one]")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000000));
  command->add_flag("--immediate", task->immediate,
                    "Now: outside of windows, without pauses, and where no reboot is allowed");
  command->add_flag("--wait", *wait, "Wait for the outcome; else it goes on in the background");
  command->footer(R"(Examples:
  osctl fleet rollback --group web --wait
  osctl fleet rollback --immediate --wait
  osctl fleet rollback --machine nas --to-generation 41)");
  BeginsRun(
      *command, session, options,
      [options, task](FleetController& controller, fleet::Journal&) {
        return PlanNow(controller, options->selection, *task);
      },
      wait);
}

void AddFleetRebootCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command = fleet.add_subcommand(
      "reboot", "Reboot the machines in waves, where and when their groups allow it");
  auto reboot = std::make_shared<RebootOptions>();
  command->add_flag("--staggered", reboot->staggered,
                    "One after another: each is healthy before the next one is begun");
  command
      ->add_option("--delay", reboot->delay, "Between the beginnings of two reboots [rebootDelay]")
      ->type_name("DURATION");
  command->footer("Example:\n  osctl fleet reboot --group web --staggered --delay 5m");
  BeginsRun(*command, session, options,
            [options, reboot](FleetController& controller, fleet::Journal&) {
              return PlanReboot(controller, options->selection, *reboot);
            });
}

}  // namespace matic::osctl

// osctl fleet config show, set
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "lib/os/process_runner.h"
#include "osctl/fleet/inventory/describe.h"
#include "osctl/fleet/inventory/rewrite.h"
#include "osctl/fleet_commands.h"

namespace matic::osctl {
namespace {

struct SetOptions {
  fleet::KeyPlace place;
  std::string key;
  std::string value;
  bool dry_run = false;
};

Result<> Show(const Session& session, const FleetOptions& options) {
  MATIC_ASSIGN(const fleet::Inventory inventory, OpenFleet(options));
  MATIC_ASSIGN(const fleet::Inventory narrowed, fleet::Narrowed(inventory, options.selection));
  const auto described = fleet::Describe(narrowed);
  session.out() << (session.json() ? ToJson(described) + "\n" : fleet::ToYaml(described));
  return {};
}

Result<> Set(const Session& session, const FleetOptions& options, const SetOptions& set) {
  MATIC_ASSIGN(const auto file, FleetFile(options.file));
  SystemProcessRunner runner;
  const auto write = set.dry_run ? fleet::Write::kOnlyChecked : fleet::Write::kYes;
  MATIC_ASSIGN(const fleet::Rewritten rewritten,
               fleet::RewriteKey(file, set.place, set.key, set.value, runner, write));
  const std::string change = fleet::ShowChange(rewritten);
  const std::string end = change.empty() ? ": it is so already\n"
                          : set.dry_run  ? ": would be changed, and is not\n"
                                         : ": changed\n";
  session.PrintOutcome({{"file", file.string()},
                        {"key", set.key},
                        {"value", set.value},
                        {"changed", !change.empty() && !set.dry_run},
                        {"change", change}},
                       change + file.string() + end);
  return {};
}

void AddShow(CLI::App& config, Session& session, SharedFleetOptions options) {
  CLI::App* command = config.add_subcommand(
      "show", "Print the fleet as it was understood, with every default written out");
  AddSelection(*command, options->selection);
  command->footer("Example:\n  osctl fleet config show --group web");
  command->callback(
      [&session, options] { session.RunLocal([&] { return Show(session, *options); }); });
}

void AddSet(CLI::App& config, Session& session, SharedFleetOptions options) {
  CLI::App* command = config.add_subcommand(
      "set", "Change one key of fleet.yaml; comments and all else in it stay as they are");
  auto set = std::make_shared<SetOptions>();
  const auto add_names = [&](const char* name, std::vector<std::string>& names, const char* what) {
    command->add_option(name, names, what)
        ->type_name("NAME,...")
        ->expected(1)
        ->take_all()
        ->delimiter(',');
  };
  add_names("--group", set->place.groups, "The key of these groups");
  add_names("--machine", set->place.machines, "The key of these machines");
  command->add_option("--key", set->key, "Such as parallel, canary.count, maxParallel")
      ->type_name("KEY")
      ->required();
  command->add_option("--value", set->value, "A text, or a list as [a, b]")
      ->type_name("VALUE")
      ->required();
  command->add_flag("--dry-run", set->dry_run, "Check it and show the change, and write nothing");
  command->footer(
      R"(Without --group and --machine it is a key of `settings`, or of the fleet itself.
The file is replaced at once, and only where nothing is wrong with the result.

Examples:
  osctl fleet config set --group web --key maintenanceWindow --value "Sat,Sun 02:00-05:00"
  osctl fleet config set --key maxParallel --value 5 --dry-run)");
  command->callback(
      [&session, options, set] { session.RunLocal([&] { return Set(session, *options, *set); }); });
}

}  // namespace

void AddFleetConfigCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* config = fleet.add_subcommand("config", "Show and change fleet.yaml");
  config->require_subcommand(1);
  config->footer(
      "Examples:\n  osctl fleet config show\n  osctl fleet config set --key maxParallel --value 5");
  AddShow(*config, session, options);
  AddSet(*config, session, options);
}

}  // namespace matic::osctl

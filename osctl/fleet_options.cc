#include "osctl/fleet_options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "lib/os/process_runner.h"
#include "osctl/fleet/inventory/load.h"

namespace matic::osctl {
namespace {

namespace fs = std::filesystem;

constexpr const char* kForAll = "/etc/matic/fleet.yaml";

CLI::Option* AddNames(CLI::App& command, const char* name, std::vector<std::string>& target,
                      const char* description, const char* type) {
  return command.add_option(name, target, description)
      ->type_name(type)
      ->expected(1)
      ->take_all()
      ->delimiter(',');
}

}  // namespace

void AddFleetFile(CLI::App& fleet, FleetOptions& options) {
  fleet
      .add_option("--file", options.file,
                  "The fleet [~/.config/matic/fleet.yaml, else /etc/matic/fleet.yaml]")
      ->type_name("FILE")
      ->envname("MATIC_FLEET");
}

void AddSelection(CLI::App& command, fleet::Selection& selection) {
  AddNames(command, "--group", selection.groups, "Only machines of these groups", "NAME,...");
  AddNames(command, "--machine", selection.machines, "Only these machines", "NAME,...");
  AddNames(command, "--tag", selection.tags, "Only machines with one of these tags", "TAG,...");
}

Result<fs::path> FleetFile(const std::string& named) {
  if (!named.empty()) return fs::path(named);
  std::error_code ignored;
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') {
    const fs::path own = fs::path(home) / ".config/matic/fleet.yaml";
    if (fs::exists(own, ignored)) return own;
  }
  if (fs::exists(kForAll, ignored)) return fs::path(kForAll);
  return Fail(ErrorCode::kNotFound, "there is no fleet: neither ~/.config/matic/fleet.yaml nor " +
                                        std::string(kForAll) +
                                        " is there; --file or MATIC_FLEET names another file");
}

Result<fleet::Inventory> OpenFleet(const FleetOptions& options) {
  MATIC_ASSIGN(const fs::path file, FleetFile(options.file));
  SystemProcessRunner runner;
  return fleet::LoadInventory(file, runner);
}

}  // namespace matic::osctl

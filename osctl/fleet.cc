// osctl fleet
#include <CLI/CLI.hpp>

#include "osctl/commands.h"
#include "osctl/fleet_commands.h"

namespace matic::osctl {

void AddFleetCommand(CLI::App& app, Session& session) {
  CLI::App* fleet = app.add_subcommand("fleet", "Many nodes together, as fleet.yaml lists them");
  fleet->require_subcommand(1);
  auto options = std::make_shared<FleetOptions>();
  AddFleetFile(*fleet, *options);
  AddFleetCheckCommand(*fleet, session, options);
  AddFleetMachinesCommand(*fleet, session, options);
  AddFleetConfigCommand(*fleet, session, options);
  AddFleetPlanCommand(*fleet, session, options);
  AddFleetRunCommand(*fleet, session, options);
  AddFleetStatusCommand(*fleet, session, options);
  AddFleetHealthCheckCommand(*fleet, session, options);
  AddFleetPauseCommand(*fleet, session, options);
  AddFleetResumeCommand(*fleet, session, options);
  AddFleetApproveCommand(*fleet, session, options);
  AddFleetStopCommand(*fleet, session, options);
  AddFleetHistoryCommand(*fleet, session, options);
  AddFleetUpdateCommand(*fleet, session, options);
  AddFleetRollbackCommand(*fleet, session, options);
  AddFleetRebootCommand(*fleet, session, options);
  AddFleetCleanupCommand(*fleet, session, options);
  AddFleetSshCommand(*fleet, session, options);
  AddFleetNotifyCommand(*fleet, session, options);
  fleet->footer(R"(Examples:
  osctl fleet check
  osctl fleet machines --tag web
  osctl fleet plan
  osctl fleet run --group web
  osctl fleet config set --group web --key parallel --value 2)");
}

}  // namespace matic::osctl

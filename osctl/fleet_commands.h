// The commands of osctl fleet. Each adds itself; `options` outlives the command line.
#pragma once

#include <CLI/App.hpp>
#include <memory>

#include "osctl/fleet_options.h"
#include "osctl/session.h"

namespace matic::osctl {

using SharedFleetOptions = std::shared_ptr<FleetOptions>;

void AddFleetCheckCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);
void AddFleetMachinesCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);
void AddFleetConfigCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);

void AddFleetPlanCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);
void AddFleetRunCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);
void AddFleetStatusCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);
void AddFleetHealthCheckCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);
void AddFleetPauseCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);
void AddFleetResumeCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);
void AddFleetApproveCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);
void AddFleetStopCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);
void AddFleetHistoryCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);
void AddFleetCleanupCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);
void AddFleetSshCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);
void AddFleetNotifyCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);

void AddFleetUpdateCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);
// Also of `osctl fleet update`.
void AddFleetRollbackCommand(CLI::App& parent, Session& session, SharedFleetOptions options);
void AddFleetRebootCommand(CLI::App& fleet, Session& session, SharedFleetOptions options);

}  // namespace matic::osctl

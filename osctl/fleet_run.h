// Runs of a fleet, for all commands that do something with its machines in waves.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "osctl/fleet/planner/task.h"
#include "osctl/fleet/run/fleet_facts.h"
#include "osctl/fleet_commands.h"
#include "osctl/fleet_controller.h"
#include "osctl/session.h"

namespace matic::osctl {

// Asks the machines, and plans; nothing is changed. `pins` as GatherFacts takes them.
Result<fleet::Plan> PlanNow(FleetController& controller, const fleet::Selection& selection,
                            const fleet::Task& task,
                            const std::map<std::string, fleet::Pin>& pins = {});

// How a command plans what it is for.
using PlanMaker = std::function<Result<fleet::Plan>(FleetController&, fleet::Journal&)>;

// What a run of it would do.
Result<> ShowPlan(const Session& session, const FleetOptions& options, const PlanMaker& plan);

// Makes `command` one that begins a run: with the options that choose machines, and --dry-run.
// `wait`, where there is one, says false for the background.
void BeginsRun(CLI::App& command, Session& session, SharedFleetOptions options, PlanMaker plan,
               std::shared_ptr<bool> wait = nullptr);

}  // namespace matic::osctl

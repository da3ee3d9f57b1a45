// What the commands of osctl fleet share: which file, and which machines of it.
#pragma once

#include <CLI/App.hpp>
#include <filesystem>
#include <string>

#include "lib/base/result.h"
#include "osctl/fleet/inventory/inventory.h"
#include "osctl/fleet/inventory/selection.h"

namespace matic::osctl {

struct FleetOptions {
  std::string file;  // empty: where FleetFile looks
  fleet::Selection selection;
};

// --file, on `osctl fleet` itself, for all of its commands.
void AddFleetFile(CLI::App& fleet, FleetOptions& options);

// --group, --machine and --tag, each repeatable and with commas.
void AddSelection(CLI::App& command, fleet::Selection& selection);

// The file that was named, else ~/.config/matic/fleet.yaml where that is, else
// /etc/matic/fleet.yaml. kNotFound says where it was looked for.
Result<std::filesystem::path> FleetFile(const std::string& named);

// The whole inventory; what is wrong with the file is told in full.
Result<fleet::Inventory> OpenFleet(const FleetOptions& options);

}  // namespace matic::osctl

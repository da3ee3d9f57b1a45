// Machines that a program lists. Inside this folder only.
#pragma once

#include <filesystem>
#include <vector>

#include "lib/os/process_runner.h"
#include "osctl/fleet/inventory/draft.h"

namespace matic::fleet {

struct Catalogue {
  std::vector<DraftMachine> machines;
  std::vector<Error> problems;
};

// Runs the program in `folder` and reads what it prints (8 MiB at most): machines as fleet.yaml has
// them, or an inventory as Ansible's programs print it with --list. That a program failed, printed
// something else or did not end in time is among the problems.
Catalogue AskCatalogue(const DraftCatalogue& catalogue, const std::filesystem::path& folder,
                       ProcessRunner& runner);

}  // namespace matic::fleet

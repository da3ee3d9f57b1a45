// Reads fleet.yaml (docs/reference/fleet.md).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/process_runner.h"
#include "osctl/fleet/inventory/inventory.h"

namespace matic::fleet {

struct Checked {
  Inventory inventory;          // of use only where there is no problem
  std::vector<Error> problems;  // each with file, line and key: "fleet.yaml:12: groups.web.tags: …"
  std::vector<std::string> notes;  // what is allowed, and may be a mistake all the same
};

// Reads the text of `file` and, where it names a program that lists machines, runs that (in the
// folder of `file`, until its deadline). The first hundred problems are told, not only the first.
Checked CheckInventory(const std::filesystem::path& file, const std::string& text,
                       ProcessRunner& runner);

// The whole file as text: kNotFound where there is none, kPermission where anybody may write it,
// since it names programs to run.
Result<std::string> ReadInventoryFile(const std::filesystem::path& file);

// Both. All problems are in the error's message, a line each.
Result<Inventory> LoadInventory(const std::filesystem::path& file, ProcessRunner& runner);

}  // namespace matic::fleet

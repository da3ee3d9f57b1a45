// An inventory from a text.
#pragma once

#include <string>
#include <vector>

#include "osctl/fleet/inventory/load.h"
#include "tests/fakes/fake_process_runner.h"

namespace matic::fleet {

inline Checked Read(const std::string& text) {
  fakes::FakeProcessRunner runner;
  return CheckInventory("fleet.yaml", text, runner);
}

inline std::vector<std::string> Complaints(const std::string& text) {
  std::vector<std::string> messages;
  for (const Error& problem : Read(text).problems) messages.push_back(problem.message);
  return messages;
}

}  // namespace matic::fleet

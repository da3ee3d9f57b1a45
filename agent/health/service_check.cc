#include "agent/health/service_check.h"

#include <map>
#include <sstream>

#include "agent/health/program.h"
#include "lib/os/output_tail.h"

namespace matic::health {
namespace {

constexpr std::chrono::seconds kLimit{5};

using Properties = std::map<std::string, std::string>;

// `systemctl show` prints a block of Key=value lines for each unit, in the order asked for, with an
// empty line between two blocks.
std::vector<Properties> ParseBlocks(const std::string& output) {
  std::vector<Properties> blocks(1);
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) {
      if (!blocks.back().empty()) blocks.emplace_back();
      continue;
    }
    const size_t equals = line.find('=');
    if (equals != std::string::npos) {
      blocks.back()[line.substr(0, equals)] = line.substr(equals + 1);
    }
  }
  if (blocks.back().empty()) blocks.pop_back();
  return blocks;
}

bool IsActive(Properties& unit) {
  return unit["ActiveState"] == "active" || unit["ActiveState"] == "reloading";
}

std::string StateOf(Properties& unit) {
  if (unit["LoadState"] == "not-found") return "not found";
  if (unit["SubState"].empty() || unit["SubState"] == unit["ActiveState"]) {
    return unit["ActiveState"];
  }
  return unit["ActiveState"] + " (" + unit["SubState"] + ")";
}

}  // namespace

ServiceCheck::ServiceCheck(const config::ServiceCheck& check, ProcessRunner& processes)
    : ConfiguredCheck("service", check.settings), units_(check.units), processes_(processes) {}

Finding ServiceCheck::Run(std::stop_token stop) {
  if (units_.empty()) return {true, "no units to look at"};
  std::vector<std::string> argv = {"systemctl", "show", "--property=LoadState,ActiveState,SubState",
                                   "--"};
  argv.insert(argv.end(), units_.begin(), units_.end());
  const auto answer = AskProgram(processes_, argv, LimitOr(kLimit), std::move(stop));
  if (!answer) return {false, answer.error().message};
  std::vector<Properties> blocks = ParseBlocks(*answer);
  if (blocks.size() != units_.size()) {
    return {false, "systemctl show said nothing of some units: " + OutputTail(*answer)};
  }

  std::string active;
  std::string inactive;
  for (size_t i = 0; i < units_.size(); ++i) {
    const bool passed = IsActive(blocks[i]);
    std::string& list = passed ? active : inactive;
    if (!list.empty()) list += ", ";
    list += units_[i];
    if (!passed) list += " is " + StateOf(blocks[i]);
  }
  if (!inactive.empty()) return {false, inactive};
  return {true, active + (units_.size() == 1 ? " is active" : " are active")};
}

}  // namespace matic::health

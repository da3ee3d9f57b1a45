#include "agent/health/service_check.h"

#include <map>
#include <sstream>

namespace matic::health {
namespace {

constexpr std::chrono::seconds kDeadline{5};

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

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

ServiceCheck::ServiceCheck(bool critical, std::vector<std::string> units, ProcessRunner& processes)
    : critical_(critical), units_(std::move(units)), processes_(processes) {}

Finding ServiceCheck::Run(std::stop_token) {
  if (units_.empty()) return {true, "no units to look at"};
  std::vector<std::string> argv = {"systemctl", "show", "--property=LoadState,ActiveState,SubState",
                                   "--"};
  argv.insert(argv.end(), units_.begin(), units_.end());
  const auto outcome = processes_.Run(argv, kDeadline);
  if (!outcome) return {false, outcome.error().message};
  std::vector<Properties> blocks = ParseBlocks(outcome->output);
  if (outcome->exit_code != 0 || blocks.size() != units_.size()) {
    return {false, "systemctl show failed: " + FirstLine(outcome->output)};
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

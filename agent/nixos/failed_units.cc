#include "agent/nixos/failed_units.h"

#include <sstream>
#include <string_view>
#include <utility>

#include "agent/nixos/activation.h"
#include "lib/os/output_tail.h"

namespace matic::nixos {
namespace {

constexpr std::chrono::seconds kDeadline{30};
constexpr size_t kShown = 8;

}  // namespace

Result<UnitNames> ListUnits(const Programs& programs, Trouble trouble, std::stop_token stop) {
  const char* const states =
      trouble == Trouble::kFailed ? "--state=failed" : "--state=failed,auto-restart";
  MATIC_ASSIGN(const std::string output,
               programs.Run({.argv = {"systemctl", "list-units", states, "--all", "--full",
                                      "--plain", "--no-legend", "--no-pager"},
                             .deadline = kDeadline},
                            std::move(stop)));
  UnitNames units;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    std::string unit;
    if (std::istringstream(line) >> unit && !unit.starts_with(kActivationUnit)) units.insert(unit);
  }
  return units;
}

UnitNames FailedUnitsIn(const std::string& output) {
  constexpr std::string_view kBefore = "the following units failed: ";
  UnitNames units;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    const size_t at = line.find(kBefore);
    if (at == std::string::npos) continue;
    std::istringstream words(line.substr(at + kBefore.size()));
    for (std::string word; words >> word;) {
      if (word.ends_with(',')) word.pop_back();
      if (!word.empty()) units.insert(CleanText(word));
    }
  }
  return units;
}

std::string Join(const UnitNames& units) {
  std::string text;
  size_t count = 0;
  for (const std::string& unit : units) {
    if (++count > kShown) break;
    text += (text.empty() ? "" : ", ") + unit;
  }
  if (count > kShown) text += " and " + std::to_string(units.size() - kShown) + " more";
  return text;
}

}  // namespace matic::nixos

#include "agent/health/journal_check.h"

#include <algorithm>

#include "agent/health/program.h"
#include "lib/os/output_tail.h"

namespace matic::health {
namespace {

constexpr std::chrono::seconds kLimit{20};

std::string Messages(size_t number) {
  return std::to_string(number) + (number == 1 ? " message" : " messages");
}

}  // namespace

JournalCheck::JournalCheck(const config::JournalCheck& check, ProcessRunner& processes)
    : ConfiguredCheck(check.name, check.settings), check_(check), processes_(processes) {}

Result<std::string> JournalCheck::Ask(std::vector<std::string> more, std::stop_token stop) const {
  std::vector<std::string> argv = {
      "journalctl",   "--boot",
      "--quiet",      "--no-pager",
      "--output=cat", "--priority=" + std::to_string(static_cast<int>(check_.priority)),
  };
  if (!check_.unit.empty()) argv.push_back("--unit=" + check_.unit);
  if (!check_.pattern.empty()) {
    argv.push_back("--case-sensitive=yes");
    argv.push_back("--grep=" + check_.pattern);
  }
  argv.insert(argv.end(), more.begin(), more.end());
  MATIC_ASSIGN(const ProcessOutcome outcome,
               RunProgram(processes_, std::move(argv), LimitOr(kLimit), std::move(stop)));
  // With a pattern, 1 and nothing printed is journalctl's way to say that there is no match.
  if (outcome.exit_code == 1 && outcome.output.empty() && !check_.pattern.empty()) return "";
  return OutputOf(outcome, "journalctl");
}

Finding JournalCheck::Run(std::stop_token stop) {
  // A message may have any number of lines of any length; this field has one of 32 digits.
  const auto counted =
      Ask({"--output-fields=_BOOT_ID", "--lines=" + std::to_string(check_.max_matches + 1)}, stop);
  if (!counted) return {false, counted.error().message};
  const auto found = static_cast<size_t>(std::ranges::count(*counted, '\n'));
  if (found == 0) return {true, "no messages"};
  if (found <= check_.max_matches) {
    return {true, Messages(found) + ", " + std::to_string(check_.max_matches) + " are allowed"};
  }
  std::string output =
      check_.max_matches == 0 ? "there are messages" : "more than " + Messages(check_.max_matches);
  if (const auto last = Ask({"--lines=2"}, std::move(stop))) output += Quoted(OutputTail(*last));
  return {false, output};
}

}  // namespace matic::health

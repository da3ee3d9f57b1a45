#include "agent/nixos/programs.h"

#include <utility>

#include "lib/os/output_tail.h"

namespace matic::nixos {
namespace {

// A failed build: the error, the builder's last ten lines, and how to see the others.
constexpr size_t kQuotedLines = 13;
constexpr size_t kQuotedBytes = 1500;

// Nix ends its builders, which have groups of their own, and git takes its locks away.
constexpr std::chrono::seconds kGrace{10};

// "git fetch", "nix build", "nix-env".
std::string NameOf(const std::vector<std::string>& argv) {
  const bool has_verb = argv.size() > 1 && !argv[1].starts_with('-') && !argv[1].starts_with('<');
  return has_verb ? argv[0] + " " + argv[1] : argv[0];
}

Error BadEnd(const Invocation& invocation, const ProcessOutcome& outcome) {
  return {ErrorCode::kIo, NameOf(invocation.argv) + " " + DescribeExit(outcome.exit_code) +
                              Quoted(OutputTail(outcome.output, kQuotedLines, kQuotedBytes))};
}

Error CutOff(const Invocation& invocation, const ProcessOutcome& outcome) {
  const std::string said = Quoted(OutputTail(outcome.output, kQuotedLines, kQuotedBytes));
  const std::string name = NameOf(invocation.argv);
  if (outcome.end == ProcessEnd::kStopped) {
    return {ErrorCode::kCancelled, name + " was stopped" + said};
  }
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(invocation.deadline);
  return {ErrorCode::kDeadline,
          name + " was not done after " + std::to_string(seconds.count()) + " s, and ended" + said};
}

}  // namespace

Programs::Programs(ProcessRunner& processes, std::vector<std::string> environment)
    : processes_(processes), environment_(std::move(environment)) {
  environment_.push_back("GIT_TERMINAL_PROMPT=0");
  // Looking at a tree must not leave an index of ours in a person's repository.
  environment_.push_back("GIT_OPTIONAL_LOCKS=0");
}

Result<ProcessOutcome> Programs::RunToEnd(const Invocation& invocation,
                                          std::stop_token stop) const {
  std::error_code ignored;
  if (!std::filesystem::is_directory(invocation.folder, ignored)) {
    return Fail(ErrorCode::kNotFound, invocation.folder.string() + ": there is no such folder");
  }
  Command command{.argv = invocation.argv,
                  .environment = environment_,
                  .stop = std::move(stop),
                  .own_environment = OwnEnvironment::kLeftOut,
                  .folder = invocation.folder,
                  .grace = kGrace};
  command.environment.insert(command.environment.end(), invocation.environment.begin(),
                             invocation.environment.end());
  Result<ProcessOutcome> outcome = processes_.RunToEnd(command, invocation.deadline);
  if (!outcome && outcome.error().code == ErrorCode::kNotFound) {
    return Fail(
        ErrorCode::kNotFound,
        invocation.argv[0] + " is not installed, or not in the PATH of the agent's service");
  }
  if (outcome && outcome->end != ProcessEnd::kItself) return Fail(CutOff(invocation, *outcome));
  return outcome;
}

Result<std::string> Programs::Run(const Invocation& invocation, std::stop_token stop) const {
  MATIC_ASSIGN(ProcessOutcome outcome, RunToEnd(invocation, std::move(stop)));
  if (outcome.exit_code != 0) return Fail(BadEnd(invocation, outcome));
  return std::move(outcome.output);
}

Result<bool> Programs::Ask(const Invocation& invocation, std::stop_token stop) const {
  MATIC_ASSIGN(const ProcessOutcome outcome, RunToEnd(invocation, std::move(stop)));
  if (outcome.exit_code > 1) return Fail(BadEnd(invocation, outcome));
  return outcome.exit_code == 0;
}

}  // namespace matic::nixos

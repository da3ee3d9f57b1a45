#include "tests/fakes/fake_process_runner.h"

#include <utility>

namespace matic::fakes {

Result<ProcessOutcome> FakeProcessRunner::RunToEnd(const Command& command,
                                                   std::chrono::milliseconds) {
  const std::vector<std::string>& argv = command.argv;
  std::scoped_lock lock(mutex_);
  commands_.push_back(command);
  const auto scripted = outcomes_.find(argv);
  if (scripted == outcomes_.end()) {
    return Fail(ErrorCode::kNotFound,
                "run " + (argv.empty() ? std::string() : argv[0]) + ": nobody scripted it");
  }
  std::deque<Result<ProcessOutcome>>& left = scripted->second;
  Result<ProcessOutcome> outcome = left.front();
  if (left.size() > 1) left.pop_front();
  return outcome;
}

void FakeProcessRunner::Script(std::vector<std::string> argv, Result<ProcessOutcome> outcome) {
  std::scoped_lock lock(mutex_);
  outcomes_[std::move(argv)].push_back(std::move(outcome));
}

std::vector<std::vector<std::string>> FakeProcessRunner::runs() const {
  std::scoped_lock lock(mutex_);
  std::vector<std::vector<std::string>> runs;
  for (const Command& command : commands_) runs.push_back(command.argv);
  return runs;
}

std::vector<Command> FakeProcessRunner::commands() const {
  std::scoped_lock lock(mutex_);
  return commands_;
}

}  // namespace matic::fakes

#include "tests/fakes/fake_process_runner.h"

#include <utility>

namespace matic::fakes {

Result<ProcessOutcome> FakeProcessRunner::Run(const std::vector<std::string>& argv,
                                              std::chrono::milliseconds) {
  std::scoped_lock lock(mutex_);
  runs_.push_back(argv);
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
  return runs_;
}

}  // namespace matic::fakes

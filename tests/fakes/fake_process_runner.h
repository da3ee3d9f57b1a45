// Programs that end as a test says.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "lib/os/process_runner.h"

namespace matic::fakes {

// Thread-safe. A program that nobody scripted is kNotFound.
class FakeProcessRunner final : public ProcessRunner {
 public:
  Result<ProcessOutcome> RunToEnd(const Command& command,
                                  std::chrono::milliseconds deadline) override;

  // How runs of exactly `argv` end: in the order given, the last one for ever.
  void Script(std::vector<std::string> argv, Result<ProcessOutcome> outcome);

  // Every run so far, scripted or not.
  std::vector<std::vector<std::string>> runs() const;
  // The same with what each was given on stdin and in its environment.
  std::vector<Command> commands() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::vector<std::string>, std::deque<Result<ProcessOutcome>>> outcomes_;
  std::vector<Command> commands_;
};

}  // namespace matic::fakes

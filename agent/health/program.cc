#include "agent/health/program.h"

#include <utility>

#include "lib/os/output_tail.h"

namespace matic::health {

Result<ProcessOutcome> RunProgram(ProcessRunner& processes, std::vector<std::string> argv,
                                  std::chrono::milliseconds limit, std::stop_token stop) {
  const std::string name = argv[0];
  MATIC_ASSIGN(ProcessOutcome outcome,
               processes.RunToEnd({.argv = std::move(argv), .stop = std::move(stop)}, limit));
  const std::string said = Quoted(OutputTail(outcome.output));
  switch (outcome.end) {
    case ProcessEnd::kStopped:
      return Fail(ErrorCode::kCancelled, name + " was stopped" + said);
    case ProcessEnd::kDeadline:
      return Fail(ErrorCode::kDeadline,
                  name + " gave no answer within " + std::to_string(limit.count()) + " ms" + said);
    case ProcessEnd::kItself:
      break;
  }
  return outcome;
}

Result<std::string> OutputOf(const ProcessOutcome& outcome, const std::string& program) {
  if (outcome.exit_code == 0) return outcome.output;
  return Fail(ErrorCode::kIo,
              program + " " + DescribeExit(outcome.exit_code) + Quoted(OutputTail(outcome.output)));
}

Result<std::string> AskProgram(ProcessRunner& processes, std::vector<std::string> argv,
                               std::chrono::milliseconds limit, std::stop_token stop) {
  const std::string name = argv[0];
  MATIC_ASSIGN(const ProcessOutcome outcome,
               RunProgram(processes, std::move(argv), limit, std::move(stop)));
  return OutputOf(outcome, name);
}

}  // namespace matic::health

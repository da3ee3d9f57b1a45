#include "lib/image/tool.h"

#include "lib/os/output_tail.h"

namespace matic::image {
namespace {

constexpr size_t kShownOutput = 1000;

// The end of `output`, from the start of a line.
std::string Tail(std::string output) {
  while (!output.empty() && (output.back() == '\n' || output.back() == ' ')) output.pop_back();
  if (output.size() > kShownOutput) {
    const size_t line = output.find('\n', output.size() - kShownOutput);
    output.erase(0, line == std::string::npos ? output.size() - kShownOutput : line + 1);
  }
  return output;
}

}  // namespace

Result<std::string> RunTool(ProcessRunner& runner, const Tool& tool,
                            const std::vector<std::string>& arguments) {
  const std::string name(tool.program);
  std::vector<std::string> argv = {name};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  Result<ProcessOutcome> outcome = runner.Run(argv, tool.deadline);
  if (!outcome && outcome.error().code == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kNotFound,
                name + " is not installed; it is in Debian's package " + std::string(tool.package));
  }
  if (!outcome) return Fail(std::move(outcome).error());
  if (outcome->exit_code != 0) {
    return Fail(ErrorCode::kIo, name + " " + DescribeExit(outcome->exit_code) + ": " +
                                    Tail(std::move(outcome->output)));
  }
  return std::move(outcome->output);
}

}  // namespace matic::image

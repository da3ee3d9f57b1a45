#include "osctl/fleet/inventory/catalogue.h"

#include <algorithm>
#include <string>

#include "lib/base/utf8.h"
#include "lib/os/output_tail.h"
#include "lib/settings/document.h"
#include "lib/settings/reader.h"
#include "osctl/fleet/inventory/ansible.h"
#include "osctl/fleet/inventory/fields.h"
#include "osctl/fleet/inventory/limits.h"

namespace matic::fleet {
namespace {

namespace fs = std::filesystem;

// The last line that tells something.
std::string LastLine(std::string text) {
  constexpr size_t kShown = 200;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const size_t line_break = text.rfind('\n');
  if (line_break != std::string::npos) text.erase(0, line_break + 1);
  return ToUtf8(text, kShown);
}

Result<std::string> Ask(const DraftCatalogue& catalogue, const fs::path& folder,
                        ProcessRunner& runner) {
  Command command{.argv = catalogue.exec};
  fs::path program = catalogue.exec.front();
  // Where the file is, and not where osctl happens to be run.
  if (program.has_parent_path() && program.is_relative())
    program = (folder / program).lexically_normal();
  command.argv.front() = program;
  command.folder = folder;
  command.kept_output = kFileLimits.bytes + 1;
  command.error_output = ErrorOutput::kApart;
  command.grace = std::chrono::seconds(2);
  MATIC_ASSIGN(const ProcessOutcome outcome, runner.RunCommand(command, catalogue.timeout));
  if (outcome.exit_code != 0) {
    const std::string why = LastLine(outcome.errors);
    return Fail(ErrorCode::kInvalidArgument, catalogue.exec.front() + " " +
                                                 DescribeExit(outcome.exit_code) +
                                                 (why.empty() ? "" : ": " + why));
  }
  return outcome.output;
}

}  // namespace

Catalogue AskCatalogue(const DraftCatalogue& catalogue, const fs::path& folder,
                       ProcessRunner& runner) {
  Catalogue listed;
  const auto printed = Ask(catalogue, folder, runner);
  if (!printed) {
    listed.problems.push_back(printed.error().Context("inventory.exec"));
    return listed;
  }
  const fs::path source = "output of " + catalogue.exec.front();
  const auto root = settings::ParseDocument(source, *printed, kFileLimits);
  if (!root) {
    listed.problems.push_back(root.error());
    return listed;
  }
  if (IsAnsible(*root)) {
    ReadAnsible(*root, source, listed.machines, listed.problems);
  } else {
    settings::Reader reader({MachinesField(listed.machines)}, settings::Spelling::kAlsoSnakeCase);
    if (!reader.Take(source, *root)) listed.problems = reader.problems();
  }
  for (DraftMachine& machine : listed.machines) machine.source = source;
  return listed;
}

}  // namespace matic::fleet

#include "osctl/fleet/inventory/load.h"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>

#include "lib/os/durable_file.h"
#include "lib/settings/document.h"
#include "lib/settings/reader.h"
#include "osctl/fleet/inventory/catalogue.h"
#include "osctl/fleet/inventory/fields.h"
#include "osctl/fleet/inventory/limits.h"
#include "osctl/fleet/inventory/resolve.h"

namespace matic::fleet {
namespace {

namespace fs = std::filesystem;

void Append(std::vector<Error>& problems, std::vector<Error> more) {
  const size_t room = kMaxProblems - std::min(problems.size(), kMaxProblems);
  more.resize(std::min(more.size(), room));
  problems.insert(problems.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
}

// Nothing of it is missing.
bool AddCatalogue(Draft& draft, const fs::path& file, ProcessRunner& runner,
                  std::vector<Error>& problems) {
  std::error_code ignored;
  const fs::path folder = fs::absolute(file, ignored).lexically_normal().parent_path();
  Catalogue catalogue = AskCatalogue(draft.catalogue, folder, runner);
  const bool whole = catalogue.problems.empty();
  Append(problems, std::move(catalogue.problems));
  draft.machines.insert(draft.machines.end(), std::make_move_iterator(catalogue.machines.begin()),
                        std::make_move_iterator(catalogue.machines.end()));
  if (draft.machines.size() > kMaxMachines) {
    problems.push_back({ErrorCode::kInvalidArgument, file.string() + ": more than " +
                                                         std::to_string(kMaxMachines) +
                                                         " machines, with those that " +
                                                         draft.catalogue.exec.front() + " lists"});
    return false;
  }
  return whole;
}

}  // namespace

Checked CheckInventory(const fs::path& file, const std::string& text, ProcessRunner& runner) {
  const auto root = settings::ParseDocument(file, text, kFileLimits);
  if (!root) return {.inventory = {}, .problems = {root.error()}, .notes = {}};
  Draft draft;
  settings::Reader reader(FieldsOf(draft), settings::Spelling::kAlsoSnakeCase);
  Checked checked;
  if (!reader.Take(file, *root)) checked.problems = reader.problems();
  for (DraftMachine& machine : draft.machines) machine.source = file;
  // A program is not run for a file that is refused anyway.
  const bool asks = !draft.catalogue.exec.empty();
  if (asks && !checked.problems.empty()) return checked;
  if (asks && !AddCatalogue(draft, file, runner, checked.problems)) return checked;
  Resolved resolved =
      Resolve(draft, file, checked.problems.empty() ? Reading::kWhole : Reading::kInPart);
  Append(checked.problems, std::move(resolved.problems));
  checked.inventory = std::move(resolved.inventory);
  checked.notes = std::move(resolved.notes);
  return checked;
}

Result<std::string> ReadInventoryFile(const fs::path& file) {
  MATIC_ASSIGN(std::string text, ReadFile(file, kFileLimits.bytes));
  struct stat status {};
  if (::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
      (status.st_mode & S_IWOTH) != 0) {
    return Fail(ErrorCode::kPermission, file.string() +
                                            ": everybody may write it, and it names programs to "
                                            "run: chmod o-w it first");
  }
  return text;
}

Result<Inventory> LoadInventory(const fs::path& file, ProcessRunner& runner) {
  MATIC_ASSIGN(const std::string text, ReadInventoryFile(file));
  Checked checked = CheckInventory(file, text, runner);
  if (checked.problems.empty()) return std::move(checked.inventory);
  std::string all;
  for (const Error& problem : checked.problems) all += (all.empty() ? "" : "\n") + problem.message;
  return Fail(checked.problems.front().code, all);
}

}  // namespace matic::fleet

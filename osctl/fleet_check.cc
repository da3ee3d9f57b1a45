// osctl fleet check
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "lib/os/process_runner.h"
#include "osctl/fleet/inventory/load.h"
#include "osctl/fleet_commands.h"

namespace matic::osctl {
namespace {

std::string Counted(size_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

std::string Text(const std::filesystem::path& file, const fleet::Checked& checked) {
  std::string text;
  for (const Error& problem : checked.problems) text += problem.message + "\n";
  for (const std::string& note : checked.notes) text += file.string() + ": note: " + note + "\n";
  if (!checked.problems.empty()) return text;
  return text + file.string() + ": " + Counted(checked.inventory.machines.size(), "machine") +
         " in " + Counted(checked.inventory.groups.size(), "group") + ", no mistakes\n";
}

nlohmann::json Json(const std::filesystem::path& file, const fleet::Checked& checked) {
  nlohmann::json problems = nlohmann::json::array();
  for (const Error& problem : checked.problems) {
    problems.push_back({{"code", CodeName(problem.code)}, {"message", problem.message}});
  }
  return {{"file", file.string()},
          {"machines", checked.inventory.machines.size()},
          {"groups", checked.inventory.groups.size()},
          {"problems", std::move(problems)},
          {"notes", checked.notes}};
}

Result<> Check(const Session& session, const FleetOptions& options) {
  MATIC_ASSIGN(const auto file, FleetFile(options.file));
  MATIC_ASSIGN(const std::string text, fleet::ReadInventoryFile(file));
  SystemProcessRunner runner;
  const fleet::Checked checked = fleet::CheckInventory(file, text, runner);
  session.PrintOutcome(Json(file, checked), Text(file, checked));
  if (checked.problems.empty()) return {};
  return Fail(checked.problems.front().code,
              file.string() + ": " + Counted(checked.problems.size(), "mistake"));
}

}  // namespace

void AddFleetCheckCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command = fleet.add_subcommand("check", "Find the mistakes in a fleet.yaml");
  command->add_option("FILE", options->file, "The file, instead of --file")->type_name("");
  command->footer(R"(Each mistake is a line, FILE:LINE: KEY: what is wrong, and the exit code is 2.

Example:
  osctl fleet check ./fleet.yaml)");
  command->callback(
      [&session, options] { session.RunLocal([&] { return Check(session, *options); }); });
}

}  // namespace matic::osctl

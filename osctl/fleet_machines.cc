// osctl fleet machines
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "osctl/fleet/inventory/address.h"
#include "osctl/fleet/inventory/describe.h"
#include "osctl/fleet_commands.h"
#include "osctl/render/table.h"

namespace matic::osctl {
namespace {

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text.empty() ? "-" : text;
}

struct Row {
  const fleet::Machine* machine;
  std::vector<std::string> groups;
  fleet::Target target;  // its own, else that of the first of its groups
};

std::vector<Row> RowsOf(const fleet::Inventory& inventory,
                        const std::vector<const fleet::Machine*>& machines) {
  std::map<std::string, std::vector<const fleet::Group*>> groups;
  for (const fleet::Group& group : inventory.groups) {
    for (const std::string& name : group.machines) groups[name].push_back(&group);
  }
  std::vector<Row> rows;
  for (const fleet::Machine* machine : machines) {
    Row row{machine, {}, machine->target};
    const auto& of = groups[machine->name];
    for (const fleet::Group* group : of) row.groups.push_back(group->name);
    if (!of.empty()) row.target = fleet::TargetOf(*machine, *of.front());
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string Text(const std::vector<Row>& rows, const Terminal& terminal) {
  Table table({"MACHINE", "ADDRESS", "GROUPS", "TAGS", "TARGET"});
  for (const Row& row : rows) {
    const std::string target = fleet::ShowTarget(row.target);
    table.AddRow({row.machine->name + (row.machine->self ? " (controller)" : ""),
                  fleet::FormatAddress(row.machine->address), Joined(row.groups),
                  Joined(row.machine->tags), target.empty() ? "its own" : target});
  }
  return table.Render(terminal);
}

nlohmann::json Json(const std::vector<Row>& rows) {
  nlohmann::json machines = nlohmann::json::array();
  for (const Row& row : rows) {
    machines.push_back({{"name", row.machine->name},
                        {"address", fleet::FormatAddress(row.machine->address)},
                        {"groups", row.groups},
                        {"tags", row.machine->tags},
                        {"self", row.machine->self},
                        {"target", fleet::ShowTarget(row.target)}});
  }
  return {{"machines", std::move(machines)}};
}

Result<> List(const Session& session, const FleetOptions& options) {
  MATIC_ASSIGN(const fleet::Inventory inventory, OpenFleet(options));
  MATIC_ASSIGN(const auto machines, fleet::SelectMachines(inventory, options.selection));
  const auto rows = RowsOf(inventory, machines);
  session.PrintOutcome(Json(rows), Text(rows, session.terminal()));
  return {};
}

}  // namespace

void AddFleetMachinesCommand(CLI::App& fleet, Session& session, SharedFleetOptions options) {
  CLI::App* command =
      fleet.add_subcommand("machines", "List the machines of the fleet, without asking them");
  AddSelection(*command, options->selection);
  command->footer("Example:\n  osctl fleet machines --group web --tag edge");
  command->callback(
      [&session, options] { session.RunLocal([&] { return List(session, *options); }); });
}

}  // namespace matic::osctl

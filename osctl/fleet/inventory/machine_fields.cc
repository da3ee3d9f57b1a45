#include <algorithm>
#include <cctype>
#include <iterator>

#include "lib/settings/values.h"
#include "osctl/fleet/inventory/address.h"
#include "osctl/fleet/inventory/fields.h"

namespace matic::fleet {
namespace {

using settings::Text;
using settings::TextRule;

const TextRule kName{kNameWords, IsFleetName};
const TextRule kHost{"a host's name or address", IsHost};
const TextRule kUser{"a user's name", IsUser};

std::vector<settings::Field> MachineFields(DraftMachine& machine) {
  std::vector<settings::Field> fields = {
      {"address", settings::Parsed(machine.address, "an address", ParseAddress)},
      {"host", Text(machine.host, kHost)},
      {"user", Text(machine.user, kUser)},
      {"port", settings::Number(machine.port, 1, 65535)},
      {"tags", settings::TextList(machine.tags, kName, 0)},
      {"self", settings::Flag(machine.self)},
  };
  if (machine.name.empty()) fields.push_back({"name", Text(machine.name, kName)});
  std::ranges::move(TargetFields(machine.target), std::back_inserter(fields));
  return fields;
}

std::optional<std::string> WrongMachine(const DraftMachine& machine) {
  if (machine.name.empty()) return "needs `name`";
  if (!IsFleetName(machine.name)) return "its name must be " + std::string(kNameWords);
  const bool in_parts = !machine.host.empty() || !machine.user.empty() || machine.port;
  if (machine.address && in_parts) {
    return "needs either `address` or `host` (with `user` and `port`), not both";
  }
  if (in_parts && machine.host.empty()) return "needs `host` beside `user` and `port`";
  if (!in_parts && !machine.address && !machine.self) return "needs `address` or `host`";
  return WrongTarget(machine.target);
}

}  // namespace

bool IsFleetName(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::isalnum(static_cast<unsigned char>(text.front())) && settings::IsHostname(text);
}

settings::Field MachinesField(std::vector<DraftMachine>& machines) {
  return settings::NamedItems("machines", machines, MachineFields, WrongMachine,
                              settings::ItemForm::kEither, kMaxMachines);
}

}  // namespace matic::fleet

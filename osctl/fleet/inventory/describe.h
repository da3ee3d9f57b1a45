// An inventory as it was understood, in the words of fleet.yaml: with every default written out,
// tags resolved, and what a program listed.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "osctl/fleet/inventory/inventory.h"
#include "osctl/fleet/inventory/selection.h"

namespace matic::fleet {

// What fleet.yaml would say, as JSON, which is YAML: it reads back as the same inventory, but for
// what follows the server in the URLs of webhooks, which nobody is shown.
nlohmann::ordered_json Describe(const Inventory& inventory);

// What is left of an inventory with the selected machines, and the groups that have some of them.
Result<Inventory> Narrowed(const Inventory& inventory, const Selection& selection);

// The same content in lines, as people write YAML.
std::string ToYaml(const nlohmann::ordered_json& object);

// In a word or two, without what is secret of a URL: "https://cdn.example.com/stable.json",
// "/etc/nixos#web (boot)", "" for none.
std::string ShowTarget(const Target& target);

std::string_view NameOf(UpdatePolicy policy);

}  // namespace matic::fleet

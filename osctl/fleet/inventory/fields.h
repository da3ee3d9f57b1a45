// The keys of fleet.yaml: one row each. Inside this folder only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/settings/fields.h"
#include "osctl/fleet/inventory/draft.h"

namespace matic::fleet {

// Every key there is, bound to `draft`, which must outlive what is returned.
std::vector<settings::Field> FieldsOf(Draft& draft);

// `machines`: all there is in what a program prints.
settings::Field MachinesField(std::vector<DraftMachine>& machines);
settings::Field GroupsField(std::vector<DraftGroup>& groups);
settings::Field ChannelsField(std::vector<DraftChannel>& channels);

// Of `target`, and what is wrong with them together.
std::vector<settings::Field> TargetFields(DraftTarget& target);
std::optional<std::string> WrongTarget(const DraftTarget& target);
Target MakeTarget(const DraftTarget& draft);

// What machines, groups, tags and fleets may be called.
bool IsFleetName(std::string_view text);
inline constexpr std::string_view kNameWords =
    "a name of at most 64 letters, digits, '.', '-' and '_' that begins with a letter or digit";

}  // namespace matic::fleet

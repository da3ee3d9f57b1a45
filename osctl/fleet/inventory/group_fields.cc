#include <algorithm>
#include <iterator>

#include "lib/settings/values.h"
#include "osctl/fleet/inventory/fields.h"
#include "osctl/fleet/inventory/values.h"

namespace matic::fleet {
namespace {

using settings::Field;
using settings::kPathOrNothing;
using settings::Number;
using settings::Text;
using std::chrono::seconds;

constexpr seconds kWeek{7 * 86400};

// The word "all", or names.
settings::FieldReader Members(DraftGroup& group) {
  return [&group](const settings::Value& value) -> std::optional<std::string> {
    if (value.IsText() && value.text == "all") {
      group.all_machines = true;
      return std::nullopt;
    }
    if (!value.IsList()) return settings::Must("a list of machines, or all", value);
    return Names(group.machines, kMaxMachines)(value);
  };
}

std::vector<Field> GroupFields(DraftGroup& draft) {
  Group& group = draft.group;
  using Policy = UpdatePolicy;
  std::vector<Field> fields = {
      {"machines", Members(draft)},
      {"tags", Names(draft.tags, settings::kMaxItems)},
      {"updatePolicy",
       settings::Choice<Policy>(group.policy, {{"aggressive", Policy::kAggressive},
                                               {"conservative", Policy::kConservative},
                                               {"manual-approval", Policy::kManualApproval}})},
      {"maintenanceWindow", Windows(group.windows)},
      {"timezone", Zone(group.timezone)},
      {"allowReboot", settings::Flag(group.allow_reboot)},
      {"dependencies", Names(draft.dependencies, kMaxGroups)},
      {"parallel", Number(group.parallel, 1, kMaxMachines)},
      {"canary.count", Number(group.canaries, 0, kMaxMachines)},
      {"canary.soakTime", Duration(group.soak, seconds(0), kWeek)},
      {"staggerDelay", Duration(group.stagger, seconds(0), kWeek)},
      {"maxFailures", Limit(group.max_failures)},
      {"preScript", Text(group.pre_script, kPathOrNothing)},
      {"postScript", Text(group.post_script, kPathOrNothing)},
      {"rollbackScript", Text(group.rollback_script, kPathOrNothing)},
  };
  if (draft.name.empty()) {
    fields.push_back({"name", Text(draft.name, settings::TextRule{kNameWords, IsFleetName})});
  }
  std::ranges::move(TargetFields(draft.target), std::back_inserter(fields));
  return fields;
}

std::optional<std::string> WrongGroup(const DraftGroup& group) {
  if (group.name.empty()) return "needs `name`";
  if (!IsFleetName(group.name)) return "its name must be " + std::string(kNameWords);
  if (group.all_machines && !group.tags.empty()) return "`machines: all` leaves nothing to `tags`";
  if (!group.all_machines && group.machines.empty() && group.tags.empty()) {
    return "needs `machines` or `tags`";
  }
  return WrongTarget(group.target);
}

}  // namespace

Field GroupsField(std::vector<DraftGroup>& groups) {
  return settings::NamedItems("groups", groups, GroupFields, WrongGroup,
                              settings::ItemForm::kEither, kMaxGroups);
}

}  // namespace matic::fleet

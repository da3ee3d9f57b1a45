#include "lib/channels/channel_fields.h"

#include <algorithm>
#include <iterator>

#include "lib/settings/reader.h"
#include "lib/settings/values.h"
#include "osctl/fleet/inventory/fields.h"

namespace matic::fleet {
namespace {

bool IsFleetEvent(std::string_view text) {
  return std::ranges::find(kFleetEvents, text) != std::end(kFleetEvents);
}

constexpr settings::TextRule kEvent{
    "run-started, wave-done, machine-failed, rolled-back, approval-needed, group-ended, paused, "
    "resumed, run-stopped, long-running or run-finished",
    IsFleetEvent};

std::vector<settings::Field> FieldsOfChannel(DraftChannel& draft) {
  std::vector<settings::Field> fields = channels::ChannelFields(draft.settings, kEvent);
  // The keys of agent.yaml, spelt as this file's.
  for (settings::Field& field : fields) field.key = settings::CamelCase(field.key);
  std::erase_if(fields, [](const settings::Field& field) { return field.key == "name"; });
  if (draft.name.empty()) {
    fields.push_back(
        {"name", settings::Text(draft.name, settings::TextRule{kNameWords, IsFleetName})});
  }
  return fields;
}

std::optional<std::string> Wrong(const DraftChannel& draft) {
  if (draft.name.empty()) return "needs `name`";
  if (!IsFleetName(draft.name)) return "must be " + std::string(kNameWords);
  channels::ChannelSettings settings = draft.settings;
  settings.name = draft.name;
  return channels::WrongChannel(settings);
}

}  // namespace

settings::Field ChannelsField(std::vector<DraftChannel>& channels) {
  return settings::NamedItems("notifications.channels", channels, FieldsOfChannel, Wrong,
                              settings::ItemForm::kEither, settings::kMaxItems);
}

}  // namespace matic::fleet

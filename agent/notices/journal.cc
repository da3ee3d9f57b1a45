#include "agent/notices/journal.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace matic::notices {
namespace {

using journal::Priority;

struct Kind {
  std::string_view name;
  std::string_view message_id;  // documented: never changed
  Priority priority;
  std::string_view text;
};

constexpr Kind kKinds[] = {
    {"scheduled", "b655f894f70745e3bebb2da92efba3e5", Priority::kInfo, "update scheduled"},
    {"started", "a0aa5120a2034a81b06b56aafa50f15b", Priority::kInfo, "update started"},
    {"completed", "409424b0db424a9baedd5f7c8c72cdfd", Priority::kInfo, "update completed"},
    {"failed", "8efa1591d6be4291b951b6df645c0c96", Priority::kError, "update failed"},
    {"rolled-back", "4aa83057ff97413e9c8ddfc129dde7ac", Priority::kError, "rolled back"},
    {"cancelled", "ce22bab1583d4e7795cda04f4770e827", Priority::kWarning, "update cancelled"},
    {"hook", "2bea77d6d2294fe0b7fdca4f3239fb02", Priority::kInfo, "hook"},
    {"common-cause", "502d2e70204b4566b23c74890adf0e9e", Priority::kError,
     "the cause of the rollback is not in the update"},
    {"common-cause-ended", "a77708d3bc0b41599074fde78db338eb", Priority::kInfo,
     "the cause of the rollback has passed"},
    {"boot-log", "94330d7b10024e978294ab86e5454321", Priority::kInfo, "log kept"},
};
// What another release may add.
constexpr Kind kOther{"", "610e36c21e994517bbd9933476721309", Priority::kInfo, ""};

const Kind& KindOf(const engine::HistoryEvent& event) {
  const auto* found = std::ranges::find(kKinds, event.kind, &Kind::name);
  return found == std::end(kKinds) ? kOther : *found;
}

std::string Text(const Kind& kind, const engine::HistoryEvent& event) {
  std::string text(kind.text.empty() ? std::string_view(event.kind) : kind.text);
  if (!event.version.empty()) text += " (" + event.version + ")";
  if (!event.schedule_id.empty()) text = event.schedule_id + ": " + text;
  if (!event.summary.empty()) text += ": " + event.summary;
  return text;
}

Priority PriorityOf(const Kind& kind, const engine::HistoryEvent& event) {
  const bool failed_hook = event.kind == "hook" && !event.summary.ends_with(" passed");
  return failed_hook ? Priority::kWarning : kind.priority;
}

}  // namespace

JournalEntry EntryOf(const engine::HistoryEvent& event) {
  const Kind& kind = KindOf(event);
  JournalEntry entry{
      .priority = PriorityOf(kind, event), .message = Text(kind, event), .fields = {}};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) entry.fields.push_back({name, value});
  };
  add("MESSAGE_ID", std::string(kind.message_id));
  add("MATIC_EVENT", event.kind);
  add("MATIC_SCHEDULE", event.schedule_id);
  add("MATIC_VERSION", event.version);
  add("MATIC_DIGEST", event.digest);
  add("MATIC_BOOT_ID", event.boot_id);
  add("MATIC_FAILED_BOOT_ID", event.failed_boot_id);
  add("MATIC_REQUESTED_BY", event.requested_by);
  return entry;
}

void WriteToJournal(const engine::HistoryEvent& event) {
  const JournalEntry entry = EntryOf(event);
  (void)journal::Send(entry.priority, entry.message, entry.fields);
}

}  // namespace matic::notices

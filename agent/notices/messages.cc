#include "agent/notices/messages.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace matic::notices {
namespace {

using notify::Event;
using notify::Level;

// What went wrong is at the end of an output.
constexpr size_t kQuotedOutput = 1500;

notify::Message About(Level level, Event event, std::string title, std::string body) {
  notify::Message message;
  message.level = level;
  message.event = event;
  message.title = std::move(title);
  message.body = std::move(body);
  return message;
}

std::string WithEndOf(const std::string& output, const std::string& text) {
  if (output.empty()) return text;
  return text + "\n\n" + output.substr(output.size() - std::min(output.size(), kQuotedOutput));
}

bool NothingWasToDo(std::string_view reason) {
  return reason.starts_with("runs ") && reason.find(" already") != std::string_view::npos;
}

std::optional<notify::Message> Draft(const engine::HistoryEvent& event) {
  if (event.kind == "started") {
    return About(Level::kInfo, Event::kUpdateStarted, "Update started", event.summary);
  }
  if (event.kind == "completed") {
    if (NothingWasToDo(event.summary)) return std::nullopt;
    // One that stays although its checks failed says so in its reason.
    const Level level = event.summary.empty() ? Level::kInfo : Level::kWarning;
    return About(level, Event::kUpdateSucceeded, "Update succeeded", event.summary);
  }
  if (event.kind == "failed") {
    return About(Level::kError, Event::kUpdateFailed, "Update failed", event.summary);
  }
  if (event.kind == "cancelled") {
    return About(Level::kWarning, Event::kUpdateFailed, "Update cancelled", event.summary);
  }
  if (event.kind == "rolled-back") {
    // One that a person asked for is no surprise.
    const Level level = event.requested_by.empty() ? Level::kError : Level::kWarning;
    return About(level, Event::kRolledBack, "Rolled back", event.summary);
  }
  if (event.kind == "common-cause") {
    return About(Level::kError, Event::kCheckFailed, "The cause is not the update", event.summary);
  }
  if (event.kind == "common-cause-ended") {
    return About(Level::kInfo, Event::kCheckFailed, "The cause of the rollback has passed",
                 event.summary);
  }
  if (event.kind == "hook" && !event.summary.ends_with(" passed")) {
    return About(Level::kWarning, Event::kCheckFailed, "Hook failed",
                 WithEndOf(event.output, event.summary));
  }
  return std::nullopt;
}

}  // namespace

std::optional<notify::Message> MessageOf(const engine::HistoryEvent& event,
                                         const std::string& node) {
  std::optional<notify::Message> message = Draft(event);
  if (!message) return std::nullopt;
  message->node = node;
  message->time = event.time;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) message->fields.push_back({name, value});
  };
  add("schedule", event.schedule_id);
  add("version", event.version);
  add("sha256", event.digest);
  add("failed boot id", event.failed_boot_id);
  add("requested by", event.requested_by);
  return message;
}

}  // namespace matic::notices

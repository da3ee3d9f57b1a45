#include "lib/notify/message.h"

#include "lib/notify/text.h"

namespace matic::notify {
namespace {

constexpr size_t kTitleBytes = 200;
constexpr size_t kBodyBytes = 4096;
constexpr size_t kNodeBytes = 253;
constexpr size_t kFields = 16;
constexpr size_t kNameBytes = 64;
constexpr size_t kValueBytes = 512;

constexpr Names<Event, 18> kEvents{{
    {Event::kUpdateStarted, "update-started"},
    {Event::kUpdateSucceeded, "update-succeeded"},
    {Event::kUpdateFailed, "update-failed"},
    {Event::kRolledBack, "rolled-back"},
    {Event::kCheckFailed, "check-failed"},
    {Event::kLongRunning, "long-running"},
    {Event::kCertificateExpiring, "certificate-expiring"},
    {Event::kRunStarted, "run-started"},
    {Event::kPaused, "paused"},
    {Event::kResumed, "resumed"},
    {Event::kRunStopped, "run-stopped"},
    {Event::kRunFinished, "run-finished"},
    {Event::kWaveDone, "wave-done"},
    {Event::kMachineFailed, "machine-failed"},
    {Event::kApprovalNeeded, "approval-needed"},
    {Event::kGroupEnded, "group-ended"},
    {Event::kSaid, "said"},
    {Event::kTest, "test"},
}};

}  // namespace

std::string_view LevelName(Level level) { return NameIn(kLevelNames, level); }
std::string_view EventName(Event event) { return NameIn(kEvents, event); }
std::optional<Level> ParseLevel(std::string_view name) { return ValueIn(kLevelNames, name); }
std::optional<Event> ParseEvent(std::string_view name) { return ValueIn(kEvents, name); }

Message Cleaned(Message message) {
  message.title = OneLine(message.title, kTitleBytes);
  message.body = Lines(message.body, kBodyBytes);
  message.node = OneLine(message.node, kNodeBytes);
  if (message.fields.size() > kFields) message.fields.resize(kFields);
  for (Field& field : message.fields) {
    field.name = OneLine(field.name, kNameBytes);
    field.value = OneLine(field.value, kValueBytes);
  }
  return message;
}

std::string Headline(const Message& message) {
  return message.node.empty() ? message.title : message.node + ": " + message.title;
}

std::string PlainText(const Message& message, uint64_t left_out) {
  std::string text;
  if (!message.body.empty()) text += message.body + "\n\n";
  for (const Field& field : message.fields) text += field.name + ": " + field.value + "\n";
  if (!message.node.empty()) text += "node: " + message.node + "\n";
  text += "time: " + FormatTime(message.time) + "\n";
  if (const std::string note = LeftOutNote(left_out); !note.empty()) text += "\n" + note + "\n";
  return text;
}

}  // namespace matic::notify

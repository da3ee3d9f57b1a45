// What a person should hear of a machine.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/names.h"
#include "lib/base/time.h"

namespace matic::notify {

enum class Level { kInfo, kWarning, kError };
inline constexpr Names<Level, 3> kLevelNames{
    {{Level::kInfo, "info"}, {Level::kWarning, "warning"}, {Level::kError, "error"}}};

enum class Event {
  kUpdateStarted,
  kUpdateSucceeded,
  kUpdateFailed,
  kRolledBack,
  kCheckFailed,
  kLongRunning,
  kCertificateExpiring,  // or expired
  // Of a fleet's runs, besides kRolledBack and kLongRunning.
  kRunStarted,
  kPaused,
  kResumed,
  kRunStopped,
  kRunFinished,
  kWaveDone,
  kMachineFailed,
  kApprovalNeeded,
  kGroupEnded,
  kSaid,  // by a person: what a channel's `events` say does not count
  kTest,  // somebody tries whether a channel works: every channel takes it
};

// "info", "update-failed", …: as people write them in configurations and programs read them.
std::string_view LevelName(Level level);
std::string_view EventName(Event event);
std::optional<Level> ParseLevel(std::string_view name);
std::optional<Event> ParseEvent(std::string_view name);

struct Field {
  std::string name;
  std::string value;

  bool operator==(const Field&) const = default;
};

struct Message {
  Level level = Level::kInfo;
  Event event = Event::kTest;
  std::string title;  // one line, without the node's name
  std::string body;
  std::string node;  // who speaks: a node's name, or a fleet's
  std::vector<Field> fields;
  WallTime time;
};

// The message as any channel can take it: valid UTF-8 without control characters (a body keeps its
// line ends), each text and the number of fields bounded. Its JSON stays below 32 KiB.
Message Cleaned(Message message);

// "edge-7: Update failed".
std::string Headline(const Message& message);

// Body, fields, node and time, a line each. `left_out`: Parcel's.
std::string PlainText(const Message& message, uint64_t left_out);

}  // namespace matic::notify

// Whether a machine is on a trial that nobody has confirmed, and what follows from it. Pure: what
// was read comes in, what to do goes out.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "boot/policy/guid.h"
#include "boot/policy/partition.h"
#include "lib/base/result.h"

namespace matic::deadline {

// Used while the state says nothing: a lost state partition must not leave a trial without an end.
inline constexpr std::chrono::seconds kDefaultDeadline{900};
inline constexpr std::chrono::seconds kShortestDeadline{10};
inline constexpr std::chrono::seconds kLongestDeadline{24 * 3600};

// `trial_deadline_seconds` at the top of rollback_state.json, counted from the machine's start.
// Nothing where the text is no JSON object, or the value is missing or not between the shortest and
// the longest.
std::optional<std::chrono::seconds> ParseDeadline(std::string_view state_json);

enum class Reading {
  kOnTrial,  // not confirmed, and another start can lead to something else
  kSettled,  // confirmed, or started as a last resort: a restart would only start it again
  kNoTable,  // the disk answers, but neither copy of its table is valid, or the slot is not in it
  kUnreadable,  // the disk does not answer
};

struct Sighting {
  Reading reading;
  std::string name;  // of the system, for messages: "slot-b"

  bool operator==(const Sighting&) const = default;
};

// What the table says of the slot whose partition is `running`.
Reading JudgeSlot(std::span<const boot::Partition> partitions, const boot::Guid& running);

enum class Verdict {
  kReboot,
  kLookAgain,  // in a few seconds
  kDone,
};

// At the deadline. `at_start` is what was first read of the system; nothing where it was never
// found.
//  * A disk that stopped answering on a trial is a reason to restart: nobody can confirm any more.
//  * A table that turned invalid is not: without it the next start would fail.
//  * A slot that was never found is a reason while the machine is still in its initrd, which then
//    waits for a disk that does not come.
Verdict JudgeAtDeadline(std::optional<Reading> at_start, Reading now, bool still_in_initrd);

}  // namespace matic::deadline

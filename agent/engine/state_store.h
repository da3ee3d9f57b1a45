// The agent's durable memory: rollback_state.json (docs/formats.md, "State").
//
// The file names its version, and keys that this release does not know are kept as they were read,
// so that an older agent, running again after a rollback, loses nothing that a newer one wrote. It
// is replaced whole (lib/os/durable_file.h); a corrupt one is set aside and reported, and its loss
// costs no boot: the attributes in the GPT are the truth.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/engine/standing_cause.h"
#include "agent/update/state.h"
#include "agent/update/transition.h"
#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/os/kept_json.h"

namespace matic::engine {

struct QuarantineEntry {
  std::string digest;
  uint32_t strikes = 0;      // tries used up without a verdict
  bool quarantined = false;  // refused without force
  std::string reason;
  std::string time;  // RFC 3339
};

// Whether what follows an end, hooks above all (aftermath.h), was done.
enum class FollowUp {
  kDone,   // or there is nothing to do
  kDue,    // where the agent starts with that, it was cut off
  kAgain,  // it was cut off once, and is not begun a third time: a hook may be what ended it
};

// An end that was reached, kept until the schedules and the history tell of it too.
struct RecordedOutcome {
  std::string id;  // unique: a boot id and a counter
  std::string time;
  std::string boot_id;
  update::Outcome outcome;
  FollowUp follow_up = FollowUp::kDone;
};

struct AgentState {
  update::UpdateState update = update::Idle{};
  std::string previous_partition;
  uint32_t boot_counter = 0;
  std::string last_update_time;           // of the last confirmed update, RFC 3339; empty: never
  uint32_t trial_deadline_seconds = 900;  // matic-deadline reads it
  std::vector<QuarantineEntry> quarantine;
  std::string running_digest;  // of the confirmed system, where an update by this agent brought it
  std::string running_target;  // the slot that running_digest tells of
  std::optional<RecordedOutcome> last_outcome;
  std::optional<StandingCause> common_cause;
};

class StateStore {
 public:
  explicit StateStore(std::filesystem::path file);
  ~StateStore();

  // The defaults where there is no file, or none that could be read (lib/os/kept_json.h): `problem`
  // says so.
  struct Loaded {
    AgentState state;
    std::string problem;  // empty: none
  };
  Loaded Load();

  // After a power loss the file holds the state before or this one.
  Result<> Save(const AgentState& state);

 private:
  struct Document;  // as it was read, unknown keys included
  KeptJson file_;
  std::unique_ptr<Document> document_;
};

// At most so many digests are remembered; the oldest are forgotten.
inline constexpr size_t kMaxQuarantine = 64;

}  // namespace matic::engine

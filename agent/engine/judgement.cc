#include "agent/engine/judgement.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace matic::engine {
namespace {

constexpr uint32_t kStrikesToQuarantine = 2;

QuarantineEntry& EntryFor(std::vector<QuarantineEntry>& entries, const std::string& digest) {
  auto it = std::ranges::find(entries, digest, &QuarantineEntry::digest);
  if (it != entries.end()) return *it;
  if (entries.size() >= kMaxQuarantine) entries.erase(entries.begin());
  return entries.emplace_back(QuarantineEntry{.digest = digest, .reason = {}, .time = {}});
}

}  // namespace

void Judge(AgentState& state, const update::Outcome& outcome, const std::string& time) {
  if (outcome.stays) {
    state.last_update_time = time;
    state.running_digest = outcome.image.digest;
    state.running_target = outcome.image.target;
    state.common_cause.reset();
  }
  // A slot that was left may be written again; what it holds is not this agent's to tell for long.
  if (outcome.rollback && outcome.rollback->from == state.running_target) {
    state.running_digest.clear();
    state.running_target.clear();
  }
  if (outcome.stays || outcome.rollback) state.boot_counter = 0;
  if (outcome.verdict == update::Verdict::kNone || outcome.image.digest.empty()) return;
  QuarantineEntry& entry = EntryFor(state.quarantine, outcome.image.digest);
  entry.reason = outcome.reason;
  entry.time = time;
  if (outcome.verdict == update::Verdict::kStrike) ++entry.strikes;
  // Taken by force, it has failed again: nothing acquits it.
  if (entry.quarantined) entry.strikes = std::max(entry.strikes, kStrikesToQuarantine);
  if (outcome.verdict == update::Verdict::kQuarantine || entry.strikes >= kStrikesToQuarantine) {
    entry.quarantined = true;
  }
}

// The second strike quarantines all the same: what breaks things outside of itself, whenever it is
// started, looks like this, too.
void Acquit(AgentState& state, const update::CommonCause& found, const std::string& time) {
  const update::Suspect& left = found.suspects.front();
  state.common_cause = StandingCause{.runs = found.runs,
                                     .checks = found.checks,
                                     .reason = found.reason,
                                     .version = left.version,
                                     .schedule_id = left.schedule_id,
                                     .time = time};
  for (const update::Suspect& suspect : found.suspects) {
    auto entry = std::ranges::find(state.quarantine, suspect.digest, &QuarantineEntry::digest);
    if (suspect.digest.empty() || entry == state.quarantine.end()) continue;
    ++entry->strikes;
    entry->quarantined = entry->strikes >= kStrikesToQuarantine;
  }
}

const QuarantineEntry* FindQuarantined(const AgentState& state, const std::string& digest) {
  for (const QuarantineEntry& entry : state.quarantine) {
    if (entry.digest == digest && entry.quarantined) return &entry;
  }
  return nullptr;
}

}  // namespace matic::engine

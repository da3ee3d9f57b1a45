#include "tests/crash/judge.h"

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "agent/engine/update_json.h"
#include "boot/sim/simulation.h"
#include "lib/trust/version.h"
#include "tests/crash/trusted.h"

namespace matic::crash {
namespace {

using Json = nlohmann::json;

constexpr const char* kStateFile = "rollback_state.json";
constexpr const char* kScheduleFile = "update-schedule.json";
constexpr const char* kHistoryFile = "history.jsonl";

auto Broken(const std::string& what) { return Fail(ErrorCode::kCorrupt, what); }

std::string Name(boot::Slot slot) { return std::string(boot::SlotName(slot)); }

Result<Json> ParseFile(const Medium& medium, const std::string& name) {
  const auto file = medium.files.find(name);
  if (file == medium.files.end()) return Json::object();
  Json json = Json::parse(file->second, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Broken(name + " cannot be read");
  return json;
}

// A line that was torn is ended by the next one.
Result<std::vector<Json>> HistoryIn(const Medium& medium) {
  std::vector<Json> events;
  const auto file = medium.files.find(kHistoryFile);
  if (file == medium.files.end()) return events;
  std::istringstream lines(file->second);
  for (std::string line; std::getline(lines, line);) {
    Json event = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (event.is_object()) events.push_back(std::move(event));
  }
  return events;
}

// No system that is not confirmed shuts out others, and one that is said to be confirmed does.
Result<trust::TrustState> JudgeTrust(const Medium& medium, const DiskView& disk) {
  MATIC_ASSIGN(trust::TrustState trust, TrustIn(medium));
  MATIC_TRY(JudgeFloor(trust.version_floor, disk));
  MATIC_ASSIGN(const Json state, ParseFile(medium, kStateFile));
  const auto last = state.find("last_outcome");
  if (last == state.end()) return trust;
  MATIC_ASSIGN(const update::Outcome outcome, engine::OutcomeFromJson(*last));
  const std::string& version = outcome.image.version;
  if (!outcome.stays || trust::CompareVersions(trust.version_floor, version) >= 0) return trust;
  return Broken(version + " is said to be confirmed, and older ones are taken");
}

// What the update under way makes bootable; null where it has come to none.
const update::StagedImage* ImageOf(const update::UpdateState& state) {
  if (const update::Trial* trial = update::TrialOf(state)) return &trial->image;
  const auto* cancelling = std::get_if<update::Cancelling>(&state);
  return cancelling == nullptr ? nullptr : &cancelling->image;
}

Result<> JudgeSlot(const SlotView& view, const std::string& name,
                   const update::UpdateState& update) {
  const bool bootable = boot::IsBootable(view.attributes);
  if (bootable && view.whole == nullptr) {
    return Broken(name + " is bootable, and is not what was verified");
  }
  if (view.begun != nullptr && view.whole == nullptr) {
    return Broken(name + " has its first block, and not all that follows");
  }
  const auto* staged = std::get_if<update::Staged>(&update);
  if (staged != nullptr && staged->image.target == name &&
      (view.whole == nullptr || view.whole->sha256 != staged->image.digest)) {
    return Broken(name + " is said to be staged, and is not");
  }
  const update::StagedImage* image = ImageOf(update);
  const bool concerned = image != nullptr && image->target == name;
  if (boot::IsOnTrial(view.attributes) && !concerned) {
    return Broken(name + " is on trial, and the state does not know: it is " +
                  std::string(update::StateName(update)));
  }
  if (bootable && concerned && view.whole->sha256 != image->digest) {
    return Broken(name + " is bootable, and holds " + view.whole->version +
                  ", which its update did not ask for");
  }
  return {};
}

Result<> JudgeSlots(const DiskView& disk, const update::UpdateState& update) {
  for (const boot::Slot slot : boot::kSlots) {
    MATIC_TRY(JudgeSlot(disk.Of(slot), Name(slot), update));
  }
  return {};
}

Result<> JudgeLastStart(const DiskView& disk, const MachineOptions& options, const Past& past) {
  if (!past.last_start) return {};
  const Start& start = *past.last_start;
  const SlotView& view = disk.Of(start.slot);
  if (start.attributes.successful) {
    if (view.attributes.successful && boot::IsBootable(view.attributes) && view.whole) return {};
    return Broken(Name(start.slot) + " ran, confirmed, and is so no longer");
  }
  if (!options.firmware_flushes || past.table_written) return {};
  if (view.attributes.successful || view.attributes.tries <= start.attributes.tries) return {};
  return Broken(Name(start.slot) + " was started, and has its try again");
}

// Ran last, confirmed; or is what would be gone back to.
const System* ConfirmedIn(const DiskView& disk, const Past& past) {
  if (past.last_start && disk.Of(past.last_start->slot).attributes.successful &&
      boot::IsBootable(disk.Of(past.last_start->slot).attributes)) {
    return disk.Of(past.last_start->slot).whole;
  }
  const std::optional<boot::Slot> best = disk.BestConfirmed();
  return best ? disk.Of(*best).whole : nullptr;
}

bool IsGoingBack(const update::UpdateState& state) {
  return std::holds_alternative<update::RollingBack>(state) ||
         std::holds_alternative<update::Cancelling>(state);
}

bool HealsItself(const update::UpdateState& state) {
  const update::Order* order = update::OrderOf(state);
  return order == nullptr || order->auto_rollback;
}

// What was on trial when the power came back is confirmed in the end, or left.
Result<> JudgeTrial(const Found& found, const System& running) {
  if (!found.next_is_on_trial || IsGoingBack(found.update)) return {};
  const System& tried = *found.disk.Of(found.next).whole;
  const bool stays = tried.behaviour == Behaviour::kGood ||
                     (tried.behaviour == Behaviour::kUnhealthy && !HealsItself(found.update));
  const System& expected = stays ? tried : *found.confirmed;
  if (&running == &expected) return {};
  return Broken(tried.version + " was on trial, and " + running.version + " runs in the end");
}

// What follows an end is done, unless it was cut off twice.
Result<> JudgeFollowUp(const Found& found, const engine::RecordedOutcome& last) {
  using engine::FollowUp;
  if (last.follow_up == FollowUp::kDone) return {};
  if (last.follow_up == FollowUp::kAgain && found.followed_again) return {};
  return Broken("what follows the last end was left out");
}

Result<> JudgeOutcome(const Found& found, const engine::AgentState& state,
                      const std::string& running, const System& runs) {
  if (!state.last_outcome) return {};
  MATIC_TRY(JudgeFollowUp(found, *state.last_outcome));
  const update::Outcome& outcome = state.last_outcome->outcome;
  if (outcome.rollback && outcome.rollback->to != running) {
    return Broken("it is said to have gone back to " + outcome.rollback->to + ", and " + running +
                  " runs");
  }
  if (outcome.stays && outcome.image.target != running) {
    return Broken(outcome.image.target + " is said to be confirmed, and " + running + " runs");
  }
  if (outcome.stays && outcome.image.digest != runs.sha256) {
    return Broken(runs.version + " runs, and another image is said to be confirmed");
  }
  return {};
}

Result<> JudgeHistory(Machine& machine, const Medium& medium, const engine::AgentState& state) {
  MATIC_TRY(machine.engine().GetHistory(SIZE_MAX, std::nullopt));
  MATIC_TRY(machine.engine().GetRollbackHistory(SIZE_MAX));
  MATIC_ASSIGN(const std::vector<Json> events, HistoryIn(medium));
  std::set<std::string> ids;
  for (const Json& event : events) {
    if (!event.contains("id")) continue;
    if (!ids.insert(event["id"]).second) return Broken("the history tells of an end twice");
  }
  if (state.last_outcome && !ids.contains(state.last_outcome->id)) {
    return Broken("the history does not tell of the last end");
  }
  return {};
}

Result<> JudgeLedger(const Machine& machine, const engine::AgentState& state) {
  const engine::Ledger& ledger = machine.ledger();
  if (const auto problems = ledger.Problems(); !problems.empty()) return Broken(problems.front());
  const auto* staged = std::get_if<update::Staged>(&state.update);
  if (staged == nullptr && !std::holds_alternative<update::Idle>(state.update)) {
    return Broken("the agent rests while the update is " +
                  std::string(update::StateName(state.update)));
  }
  if (staged == nullptr && ledger.ActiveSchedule()) {
    return Broken("nothing is under way, and " + ledger.ActiveSchedule()->id + " has not ended");
  }
  return {};
}

}  // namespace

Result<update::UpdateState> UpdateIn(const Medium& medium) {
  MATIC_TRY(ParseFile(medium, kScheduleFile));
  MATIC_TRY(HistoryIn(medium));
  MATIC_ASSIGN(const Json state, ParseFile(medium, kStateFile));
  if (!state.contains("update")) return update::UpdateState(update::Idle{});
  return engine::UpdateStateFromJson(state["update"]);
}

Result<Found> JudgeFound(const Machine& machine, const Past& past) {
  const Medium& medium = machine.inserted();
  MATIC_ASSIGN(boot::DiskFile file,
               boot::DiskFile::Open(machine.disk(), boot::DiskAccess::kReadOnly,
                                    machine.layout().sector_bytes));
  const boot::SimulatedStart start = boot::SimulateStart(file, boot::Consume::kNothing);
  if (!start.started || start.started->last_resort) {
    return Broken("the selector finds no bootable slot");
  }
  Found found;
  MATIC_ASSIGN(found.disk, LookAt(machine.disk(), medium.disk, machine.layout()));
  MATIC_ASSIGN(found.update, UpdateIn(medium));
  MATIC_ASSIGN(const Json state, ParseFile(medium, kStateFile));
  found.followed_again = state.value("/last_outcome/follow_up"_json_pointer, "") == "again";
  found.next = start.started->slot;
  found.next_is_on_trial = !start.started->attributes.successful;
  MATIC_TRY(JudgeSlots(found.disk, found.update));
  MATIC_TRY(JudgeLastStart(found.disk, machine.options(), past));
  if (machine.options().trusts_signatures) {
    MATIC_ASSIGN(found.trust, JudgeTrust(medium, found.disk));
  }
  found.confirmed = ConfirmedIn(found.disk, past);
  if (found.confirmed == nullptr) return Broken("no slot is confirmed");
  return found;
}

Result<> JudgeRest(Machine& machine, const Found& found) {
  MATIC_ASSIGN(const Medium medium, machine.Contents());
  MATIC_TRY(UpdateIn(medium));
  for (const auto& [name, content] : medium.files) {
    if (name.find(".bad-") != std::string::npos) return Broken("there is " + name);
  }
  MATIC_ASSIGN(const DiskView disk, LookAt(machine.disk(), medium.disk, machine.layout()));
  const SlotView& running = disk.Of(machine.running());
  const std::string name = Name(machine.running());
  if (!running.attributes.successful || !boot::IsBootable(running.attributes)) {
    return Broken(name + " runs in the end, and is not confirmed");
  }
  if (!disk.table_is_whole) return Broken("the table is not whole in the end");
  if (!disk.IsConfirmed(*found.confirmed)) {
    return Broken(found.confirmed->version + ", which was confirmed, is lost");
  }
  const engine::AgentState state = machine.ledger().State();
  MATIC_TRY(JudgeSlots(disk, state.update));
  if (machine.options().trusts_signatures) {
    MATIC_ASSIGN(const trust::TrustState trust, JudgeTrust(medium, disk));
    MATIC_TRY(JudgeRemembered(found.trust, trust));
  }
  MATIC_TRY(JudgeTrial(found, *running.whole));
  MATIC_TRY(JudgeOutcome(found, state, name, *running.whole));
  MATIC_TRY(JudgeHistory(machine, medium, state));
  return JudgeLedger(machine, state);
}

Result<> JudgeWrites(std::span<const Operation> journal, const Layout& layout) {
  std::optional<boot::Slot> running;
  for (const Operation& operation : journal) {
    if (operation.kind == Kind::kStart) running = operation.start.slot;
    if (operation.kind != Kind::kDiskWrite || operation.actor != Actor::kAgent || !running) {
      continue;
    }
    const uint64_t end = operation.offset + operation.bytes.size();
    if (layout.Of(*running).Overlaps(operation.offset, end)) {
      return Broken(Name(*running) + " was written while it ran: " + Describe(operation));
    }
  }
  return {};
}

}  // namespace matic::crash

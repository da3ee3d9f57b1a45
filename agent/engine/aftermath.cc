#include "agent/engine/aftermath.h"

#include <algorithm>
#include <optional>

#include "lib/http/url.h"
#include "lib/os/crash_record.h"

namespace matic::engine {
namespace {

constexpr std::chrono::seconds kJournalDeadline{20};
constexpr size_t kMaxLog = 8 * 1024;

// As journalctl takes it: without the dashes of /proc/sys/kernel/random/boot_id.
std::string JournalBootId(std::string boot_id) {
  std::erase(boot_id, '-');
  return boot_id;
}

// One with nothing to do left nothing behind either.
bool Completed(const update::Outcome& outcome) {
  return outcome.end == update::Outcome::End::kCompleted && outcome.stays;
}

}  // namespace

bool HasFollowUp(const update::Outcome& outcome) {
  return Completed(outcome) || outcome.rollback.has_value();
}

void NoteHooks(Ledger& ledger, const std::string& schedule_id, const hooks::Report& report) {
  for (const hooks::HookResult& hook : report.hooks) {
    HistoryEvent event;
    event.kind = "hook";
    event.schedule_id = schedule_id;
    event.summary = hook.name + (hook.passed ? " passed" : " failed: " + hook.problem);
    event.output = hook.output;
    ledger.Note(std::move(event));
  }
}

Aftermath::Aftermath(SourceResolver& resolver, hooks::Runner& hooks, ProcessRunner& processes,
                     Ledger& ledger, std::vector<std::filesystem::path> crash_folders)
    : resolver_(resolver),
      hooks_(hooks),
      processes_(processes),
      ledger_(ledger),
      crash_folders_(std::move(crash_folders)) {}

void Aftermath::ShutOutOlder(const update::Outcome& outcome) {
  if (!Completed(outcome) || outcome.image.version.empty()) return;
  resolver_.Confirmed(outcome.image.version);
}

void Aftermath::Follow(const update::Outcome& outcome, std::stop_token stop) {
  if (!HasFollowUp(outcome)) return;
  if (outcome.rollback) {
    KeepJournal(outcome);
    KeepCrash(outcome);
  }
  const bool completed = Completed(outcome);
  hooks::Context context;
  context.schedule_id = outcome.schedule_id;
  context.target = outcome.image.target;
  context.version = outcome.image.version;
  context.digest = outcome.image.digest;
  context.reason = outcome.reason;
  if (outcome.rollback) context.previous = outcome.rollback->to;
  if (Result<Schedule> schedule = ledger_.FindSchedule(outcome.schedule_id);
      schedule && !outcome.schedule_id.empty()) {
    context.source = http::PublicUrl(schedule->request.source);
    context.previous = schedule->previous;
    context.named = completed ? schedule->request.hooks.post : schedule->request.hooks.rollback;
  }
  const hooks::Stage stage = completed ? hooks::Stage::kPost : hooks::Stage::kRollback;
  NoteHooks(ledger_, outcome.schedule_id, hooks_.Run(stage, context, std::move(stop)));
}

void Aftermath::KeepJournal(const update::Outcome& outcome) {
  const std::string& boot_id = outcome.rollback->failed_boot_id;
  if (boot_id.empty()) return;
  Result<ProcessOutcome> journal = processes_.Run(
      {"journalctl", "--boot=" + JournalBootId(boot_id), "--lines=50", "--no-pager", "--quiet"},
      kJournalDeadline);
  if (!journal || journal->exit_code != 0 || journal->output.empty()) return;
  HistoryEvent event;
  event.kind = "boot-log";
  event.schedule_id = outcome.schedule_id;
  event.summary = "the end of the journal of the start that was left";
  event.boot_id = boot_id;
  const std::string& text = journal->output;
  event.output = text.substr(text.size() - std::min(text.size(), kMaxLog));
  ledger_.Note(std::move(event));
}

// A kernel that panics writes no journal, and may have come no further than that.
void Aftermath::KeepCrash(const update::Outcome& outcome) {
  const Result<Schedule> schedule = ledger_.FindSchedule(outcome.schedule_id);
  if (!schedule) return;
  std::optional<CrashRecord> crash = NewestCrashRecord(crash_folders_, schedule->created, kMaxLog);
  if (!crash) return;
  HistoryEvent event;
  event.kind = "boot-log";
  event.schedule_id = outcome.schedule_id;
  event.summary = "what a kernel kept of its crash, in " + crash->path.string();
  event.output = std::move(crash->text);
  ledger_.Note(std::move(event));
}

}  // namespace matic::engine

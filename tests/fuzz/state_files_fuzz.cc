// The files of the agent on the state partition, which a power loss, a full disk or a person may
// have left in any state. The input is the number of a file below, and its content. Whatever it is:
// the agent starts; what it could read it writes so that it reads the same; and what could not be
// read is out of the way, so that the next start does not stumble over it again.

#include <algorithm>
#include <iterator>

#include "agent/ab/partial_image.h"
#include "agent/deadline/trial.h"
#include "agent/engine/history.h"
#include "agent/engine/run_lease.h"
#include "agent/engine/schedule_book.h"
#include "agent/engine/state_store.h"
#include "agent/fleetlock/held_slots.h"
#include "agent/metrics/tally.h"
#include "agent/nixos/activation_record.h"
#include "agent/nixos/host_state.h"
#include "lib/notify/outbox_file.h"
#include "lib/os/clock.h"
#include "lib/os/durable_file.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/temporary_folder.h"

namespace {

using namespace matic;
namespace fs = std::filesystem;

constexpr WallTime kNow{std::chrono::hours(24 * 20850)};  // in 2027

class FixedClock final : public Clock {
 public:
  WallTime Now() const override { return kNow; }
  BootTime SinceBoot() const override { return std::chrono::hours(1); }
  bool Wait(std::chrono::nanoseconds, std::stop_token) override { return true; }
};

// The file is as it was, is gone, or was set aside: it never comes to harm.
void ClaimKept(const fs::path& file, std::string_view content) {
  for (const auto& entry : fs::directory_iterator(file.parent_path())) {
    const auto kept = ReadFile(entry.path(), 1u << 24);
    if (kept && *kept == content) return;
  }
  FUZZ_CLAIM(!"what the file said is lost");
}

void TryRollbackState(const fs::path& file, std::string_view content) {
  engine::StateStore store(file);
  const auto loaded = store.Load();
  ClaimKept(file, content);
  FUZZ_CLAIM(store.Save(loaded.state).has_value());
  const Result<std::string> first = ReadFile(file, 1u << 24);
  FUZZ_CLAIM(first.has_value());
  engine::StateStore again(file);
  const auto back = again.Load();
  FUZZ_CLAIM(back.problem.empty());
  FUZZ_CLAIM(back.state.update == loaded.state.update);
  FUZZ_CLAIM(back.state.boot_counter == loaded.state.boot_counter);
  FUZZ_CLAIM(back.state.quarantine.size() == loaded.state.quarantine.size());
  FUZZ_CLAIM(back.state.running_digest == loaded.state.running_digest);
  FUZZ_CLAIM(back.state.last_outcome.has_value() == loaded.state.last_outcome.has_value());
  FUZZ_CLAIM(again.Save(back.state).has_value() && ReadFile(file, 1u << 24).value_or("") == *first);
  // The deadline is read by a program of its own, with another parser.
  const auto deadline = deadline::ParseDeadline(*first);
  if (deadline) {
    FUZZ_CLAIM(*deadline >= deadline::kShortestDeadline && *deadline <= deadline::kLongestDeadline);
    FUZZ_CLAIM(*deadline == std::chrono::seconds(back.state.trial_deadline_seconds));
  }
}

void TrySchedules(const fs::path& file, std::string_view content) {
  engine::ScheduleBook book(file);
  const std::string problem = book.Load();
  ClaimKept(file, content);
  FUZZ_CLAIM(book.Newest(engine::kMaxSchedules * 2).size() <= engine::kMaxSchedules + 1);
  engine::Schedule added;
  const auto id = book.NextId(kNow);
  if (!id) return;
  FUZZ_CLAIM(book.Find(*id) == nullptr);
  added.id = *id;
  added.created = added.updated = kNow;
  FUZZ_CLAIM(book.Put(added, true).has_value());
  engine::ScheduleBook again(file);
  FUZZ_CLAIM(again.Load().empty());
  FUZZ_CLAIM(again.Find(*id) != nullptr);
  const auto before = book.Newest(1000);
  const auto after = again.Newest(1000);
  FUZZ_CLAIM(before.size() == after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    FUZZ_CLAIM(before[i].id == after[i].id && before[i].state == after[i].state);
    FUZZ_CLAIM(before[i].request.source == after[i].request.source);
    FUZZ_CLAIM(before[i].request.timing == after[i].request.timing);
  }
}

void TryHistory(const fs::path& file, std::string_view content) {
  const engine::History history(file);
  const auto events = history.Events(500, std::nullopt);
  const auto rollbacks = history.Rollbacks(500);
  FUZZ_CLAIM(events && rollbacks && events->size() <= 500);
  ClaimKept(file, content);
  engine::History writing(file);
  FUZZ_CLAIM(writing.Note({.time = kNow, .kind = "hook", .summary = "after"}).has_value());
  const auto after = history.Events(500, std::nullopt);
  FUZZ_CLAIM(after && !after->empty());
  FUZZ_CLAIM(std::ranges::any_of(*after, [](const auto& e) { return e.summary == "after"; }));
}

void TryLease(const fs::path& file, std::string_view content) {
  FixedClock clock;
  engine::RunLease lease(file, clock);
  const std::string problem = lease.Load();
  ClaimKept(file, content);
  const auto held = lease.Current();
  const auto taken = lease.Acquire(
      {.fleet = "f", .run = "r", .holder = "h", .duration = std::chrono::seconds(60)});
  FUZZ_CLAIM(taken || held);
  if (!taken) return;
  engine::RunLease again(file, clock);
  FUZZ_CLAIM(again.Load().empty() && again.Current() == *taken);
}

void TryHeldSlots(const fs::path& file, std::string_view content) {
  fleetlock::HeldSlots slots(file);
  const auto loaded = slots.Load();
  ClaimKept(file, content);
  if (!loaded) FUZZ_CLAIM(!fs::exists(file));
  const auto added = slots.Add({.url = "https://lock", .group = "g", .id = "i"});
  fleetlock::HeldSlots again(file);
  FUZZ_CLAIM(again.Load().has_value() && again.targets() == slots.targets());
  if (added) FUZZ_CLAIM(!again.targets().empty());
}

void TryHostState(const fs::path& file, std::string_view content) {
  nixos::HostStateStore store(file);
  const auto loaded = store.Load();
  FUZZ_CLAIM(loaded.has_value());
  ClaimKept(file, content);
  FUZZ_CLAIM(store.Save(loaded->state).has_value());
  nixos::HostStateStore again(file);
  const auto back = again.Load();
  FUZZ_CLAIM(back && back->problem.empty() && back->state == loaded->state);
}

void TryActivation(const fs::path& file, std::string_view content) {
  const fs::path folder = file.parent_path();
  const nixos::ActivationRecord record(folder);
  const auto note = record.Load();
  FUZZ_CLAIM(note.has_value());
  ClaimKept(file, content);
  if (!*note) return;
  FUZZ_CLAIM(record.Save(**note).has_value());
  const auto back = record.Load();
  FUZZ_CLAIM(back && *back == *note);
}

void TryActivationResult(const fs::path& file, std::string_view) {
  const nixos::ActivationRecord record(file.parent_path());
  const auto code = record.ExitCode({.id = "0123", .system = "/nix/store/x", .boot_id = "b"});
  if (code && *code) FUZZ_CLAIM(**code >= 0 && **code <= 255);
}

void TryOutbox(const fs::path& file, std::string_view content) {
  notify::OutboxFile outbox(file);
  const auto loaded = outbox.Load(kNow);
  ClaimKept(file, content);
  if (!loaded) {
    FUZZ_CLAIM(loaded.error().code == ErrorCode::kCorrupt && !fs::exists(file));
    return;
  }
  // What is restored waits in bounds, whatever the file said.
  notify::Outbox box({}, {});
  box.Restore(*loaded, BootTime(0));
  const auto content_now = box.Content(BootTime(0));
  FUZZ_CLAIM(content_now.queue.size() <= notify::RetryPolicy().queue);
  FUZZ_CLAIM(outbox.Save(content_now, kNow).has_value());
  const auto back = outbox.Load(kNow);
  FUZZ_CLAIM(back && back->queue.size() == content_now.queue.size());
  for (size_t i = 0; i < back->queue.size(); ++i) {
    FUZZ_CLAIM(back->queue[i].id == content_now.queue[i].id);
    FUZZ_CLAIM(back->queue[i].message.title == content_now.queue[i].message.title);
    FUZZ_CLAIM(back->queue[i].message.body == content_now.queue[i].message.body);
  }
}

void TryPartialImage(const fs::path& file, std::string_view content) {
  const ab::PartialImageFile kept(file);
  const auto partial = kept.Load();
  ClaimKept(file, content);
  if (!partial) {
    FUZZ_CLAIM(!fs::exists(file));
    return;
  }
  // Its texts may take three times as much when they are written.
  if (content.size() > 16 * 1024) return;
  FUZZ_CLAIM(kept.Keep(*partial).has_value());
  FUZZ_CLAIM(kept.Load() == *partial);
}

void TryTally(const fs::path& file, std::string_view content) {
  metrics::Tally tally(file);
  ClaimKept(file, content);
  if (!tally.problem().empty()) FUZZ_CLAIM(!fs::exists(file));
  engine::Schedule ended;
  ended.id = "sched-20270201-001";
  ended.state = engine::ScheduleState::kCompleted;
  ended.created = ended.updated = kNow;
  FUZZ_CLAIM(tally.Count({ended}, {}).has_value());
  const metrics::Tally again(file);
  FUZZ_CLAIM(again.problem().empty());
  FUZZ_CLAIM(again.totals().rollbacks == tally.totals().rollbacks);
  FUZZ_CLAIM(again.totals().updates.size() == tally.totals().updates.size());
  for (const auto& [result, ends] : tally.totals().updates) {
    const metrics::Ends& back = again.totals().updates.at(result);
    FUZZ_CLAIM(back.count == ends.count && back.seconds == ends.seconds);
  }
}

struct StateFile {
  const char* name;
  void (*attempt)(const fs::path& file, std::string_view content);
};
// Only added to: corpora have these numbers.
constexpr StateFile kFiles[] = {
    {"rollback_state.json", TryRollbackState},
    {"update-schedule.json", TrySchedules},
    {"history.jsonl", TryHistory},
    {"run_lease.json", TryLease},
    {"fleet-lock.json", TryHeldSlots},
    {"nixos.json", TryHostState},
    {"activation.json", TryActivation},
    {"activation.result", TryActivationResult},
    {"outbox.json", TryOutbox},
    {"partial.json", TryPartialImage},
    {"metrics.json", TryTally},
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::TemporaryFolder folder;
  if (size == 0) return 0;
  const StateFile& chosen = kFiles[data[0] % std::size(kFiles)];
  const std::string_view content = fuzz::Text(data + 1, size - 1);
  folder.Empty();
  chosen.attempt(folder.Put(chosen.name, content), content);
  return 0;
}

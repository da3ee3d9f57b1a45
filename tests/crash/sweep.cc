#include "tests/crash/sweep.h"

#include <algorithm>
#include <deque>
#include <random>
#include <utility>

namespace matic::crash {
namespace {

// Of the states that a power loss may leave while a machine recovers from another one.
constexpr size_t kSecondsPerState = 40;
// They take memory, so that only some are kept to be gone on from.
constexpr size_t kKept = 512;
constexpr uint32_t kKeptOneIn = 2;

Error Broken(const std::string& what) { return {ErrorCode::kCorrupt, what}; }

Result<> StartAgain(Machine& machine) {
  MATIC_ASSIGN(const Medium rest, machine.Contents());
  const boot::Slot ran = machine.running();
  const uint64_t starts = machine.starts();
  machine.Insert(rest, starts);
  MATIC_TRY(machine.Run());
  MATIC_ASSIGN(const Medium again, machine.Contents());
  if (machine.running() != ran) return Fail(Broken("started again, it runs the other slot"));
  if (again != rest) return Fail(Broken("started again, it is not what it was at rest"));
  return {};
}

class StorySweep {
 public:
  StorySweep(const Story& story, const SweepOptions& options, Machine& machine)
      : story_(story), options_(options), machine_(machine), random_(options.seed) {}

  Result<SweepResult> Run(const Medium& factory) {
    MATIC_ASSIGN(const Journal journal, Play(factory));
    const Past nothing;
    const Walk walk(factory, nothing, journal, machine_.layout(), options_.seed);
    std::vector<CutId> first = SweepAll(walk);
    result_.first_order = result_.states.size();
    // In an order of its own, so that a small sweep looks everywhere.
    std::ranges::shuffle(first, random_);
    for (size_t i = 0; i < first.size() && !Enough(); ++i) FailOnceMore(walk.At(first[i]));
    // The power fails a third time, and more often.
    while (!deeper_.empty() && !Enough()) {
      const CutState next = std::move(deeper_.front());
      deeper_.pop_front();
      FailOnceMore(next);
    }
    return std::move(result_);
  }

 private:
  bool IsStopped() const { return options_.stop_at_failure && !result_.failures.empty(); }
  bool Enough() const { return result_.states.size() >= options_.wanted_states || IsStopped(); }

  Result<Journal> Play(const Medium& factory) {
    machine_.Insert(factory, 0);
    MATIC_TRY(story_.play(machine_));
    MATIC_ASSIGN(const Medium end, machine_.Contents());
    MATIC_ASSIGN(const DiskView disk, LookAt(machine_.disk(), end.disk, machine_.layout()));
    machine_.SwitchOff();
    const System* runs = disk.Of(machine_.running()).whole;
    if (runs == nullptr || runs->version != story_.ends_with) {
      return Fail(Broken("it ends with " + (runs ? runs->version : "nothing") + " instead of " +
                         story_.ends_with));
    }
    Journal journal = machine_.recorder().journal();
    result_.operations = journal.size();
    MATIC_TRY(JudgeWrites(journal, machine_.layout()));
    if (!options_.fault) return journal;
    return WithFault(std::move(journal), *options_.fault, machine_.layout());
  }

  // Returns the states that are new.
  std::vector<CutId> SweepAll(const Walk& walk) {
    std::vector<CutId> met;
    const Result<> order = walk.Run([&](CutState state) {
      const StateKeys keys = KeysOf(state.medium, state.past, machine_.layout());
      if (!seen_.insert(keys.full).second) return true;
      // One that differs in payload only comes to nothing that is new.
      const bool is_new = !met_.contains(keys.in_its_past);
      Take(state, keys);
      if (is_new) met.push_back(std::move(state.id));
      return !IsStopped();
    });
    if (!order) Report({}, order.error());
    return met;
  }

  void FailOnceMore(const CutState& state) {
    machine_.Insert(state.medium, state.past.starts);
    if (!machine_.Run()) return;  // reported when it was met first
    const Journal journal = machine_.recorder().journal();
    machine_.SwitchOff();
    const Walk walk(state.medium, state.past, journal, machine_.layout(), options_.seed);
    std::vector<CutId> fresh;
    Keys met;
    const Result<> order = walk.Run([&](CutState second) {
      const Key key = KeysOf(second.medium, second.past, machine_.layout()).without_payload;
      if (!result_.states.contains(key) && met.insert(key).second) {
        fresh.push_back(std::move(second.id));
      }
      return true;
    });
    if (!order) Report(state, order.error());
    std::ranges::shuffle(fresh, random_);
    for (size_t i = 0; i < std::min(fresh.size(), kSecondsPerState) && !IsStopped(); ++i) {
      const CutState second = walk.At(fresh[i]);
      Take(second, KeysOf(second.medium, second.past, machine_.layout()));
      if (deeper_.size() < kKept && random_() % kKeptOneIn == 0) deeper_.push_back(second);
    }
  }

  // One that was not met before.
  void Take(const CutState& state, const StateKeys& keys) {
    result_.states.emplace(keys.without_payload, state.state_class);
    if (!met_.insert(keys.in_its_past).second) {
      if (random_() % options_.payload_every != 0) return;
      ++result_.payload_only;
    }
    ++result_.runs;
    if (const Result<> judged = Judge(state); !judged) Report(state, judged.error());
    machine_.SwitchOff();
  }

  Result<> Judge(const CutState& state) {
    MATIC_TRY(RunToRest(machine_, state.medium, state.past));
    if (options_.again_every != 0 && random_() % options_.again_every == 0) {
      MATIC_ASSIGN(const Medium rest, machine_.Contents());
      MATIC_TRY(RunToRest(machine_, state.medium, state.past));
      MATIC_ASSIGN(const Medium again, machine_.Contents());
      if (again != rest) return Fail(Broken("the same state came to another rest"));
    }
    if (options_.update_every != 0 && random_() % options_.update_every == 0) {
      MATIC_TRY(UpdateOnceMore());
    }
    return {};
  }

  // Whatever the power loss left, the machine can be updated.
  Result<> UpdateOnceMore() {
    if (!std::holds_alternative<update::Idle>(machine_.ledger().State().update)) return {};
    machine_.Tick();
    MATIC_TRY(machine_.engine().ScheduleUpdate(machine_.Request("9.0"), machine_.caller()));
    MATIC_TRY(machine_.GoOn());
    MATIC_ASSIGN(const Medium end, machine_.Contents());
    MATIC_ASSIGN(const DiskView disk, LookAt(machine_.disk(), end.disk, machine_.layout()));
    const SlotView& running = disk.Of(machine_.running());
    if (running.whole == &SystemOf("9.0") && running.attributes.successful) return {};
    return Fail(Broken("it came to rest, and cannot be updated any more"));
  }

  void Report(const CutState& state, const Error& error) {
    result_.failures.push_back({story_.name, error.message, state.where, state.medium, state.past});
  }

  const Story& story_;
  const SweepOptions& options_;
  Machine& machine_;
  std::mt19937 random_;
  SweepResult result_;
  Keys met_;                     // without payload
  Keys seen_;                    // with it
  std::deque<CutState> deeper_;  // to go on from
};

}  // namespace

Result<> RunToRest(Machine& machine, const Medium& medium, const Past& past) {
  machine.Insert(medium, past.starts);
  MATIC_ASSIGN(const Found found, JudgeFound(machine, past));
  MATIC_TRY(machine.Run());
  MATIC_TRY(JudgeWrites(machine.recorder().journal(), machine.layout()));
  MATIC_TRY(JudgeRest(machine, found));
  return StartAgain(machine);
}

Result<SweepResult> Sweep(const Story& story, const SweepOptions& options,
                          const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  MATIC_ASSIGN(FactoryDisk factory, MakeDisk(story.factory, folder));
  story.damage(factory);
  factory.layout.disk_bytes = factory.content.size();
  Machine machine(folder, story.machine, factory.layout);
  auto result = StorySweep(story, options, machine).Run({factory.content, {}});
  if (!result) return Fail(result.error().Context("story " + story.name));
  return result;
}

}  // namespace matic::crash

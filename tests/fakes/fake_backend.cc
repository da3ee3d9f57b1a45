#include "tests/fakes/fake_backend.h"

#include <utility>

namespace matic::fakes {
namespace {

constexpr uint64_t kImageBytes = 1u << 20;
constexpr uint8_t kTries = 3;

bool IsGood(const boot::SlotAttributes& attributes) {
  return boot::IsBootable(attributes) && attributes.successful;
}

Result<boot::Slot> Parse(const std::string& name) {
  if (auto slot = boot::ParseSlotName(name)) return *slot;
  return matic::Fail(ErrorCode::kNotFound, "no slot is called \"" + name + "\"");
}

}  // namespace

FakeBackend::FakeBackend() {
  At(boot::Slot::kA) = {{boot::kRunningPriority, 0, true}, "1.0", std::string(64, '1'), true};
}

// Counts the call, waits while it is held, and fails it where a test said so.
Result<> FakeBackend::Begin(Verb verb, std::unique_lock<std::mutex>& lock, std::stop_token stop) {
  ++calls_[verb];
  ++waiting_[verb];
  changed_.notify_all();
  changed_.wait(lock, stop, [&] { return !held_[verb]; });
  --waiting_[verb];
  if (stop.stop_requested()) return matic::Fail(ErrorCode::kCancelled, "stopped");
  std::deque<Error>& failures = failures_[verb];
  if (failures.empty()) return {};
  Error error = failures.front();
  failures.pop_front();
  return matic::Fail(std::move(error));
}

Result<update::Facts> FakeBackend::GetFacts() {
  std::unique_lock lock(mutex_);
  MATIC_TRY(Begin(Verb::kGetFacts, lock));
  update::Facts facts;
  facts.boot_id = "boot-" + std::to_string(boots_);
  facts.spare = boot::SlotName(boot::OtherSlot(running_));
  for (boot::Slot slot : boot::kSlots) {
    const FakeSlot& content = At(slot);
    update::Target target;
    target.name = boot::SlotName(slot);
    target.size_bytes = 2 * kImageBytes;
    target.running = slot == running_;
    target.next = Choose() == slot;
    target.bootable = boot::IsBootable(content.attributes);
    target.successful = content.attributes.successful;
    target.priority = content.attributes.priority;
    target.tries = content.attributes.tries;
    target.version = content.version;
    facts.targets.push_back(std::move(target));
  }
  return facts;
}

Result<std::vector<std::string>> FakeBackend::Repair() {
  std::unique_lock lock(mutex_);
  MATIC_TRY(Begin(Verb::kRepair, lock));
  return std::vector<std::string>();
}

Result<> FakeBackend::CheckSource(const engine::StageSpec& spec) {
  if (spec.source.empty() || spec.source.starts_with("https://")) return {};
  return matic::Fail(ErrorCode::kInvalidArgument, "unknown scheme: " + spec.source);
}

Result<engine::FetchPlan> FakeBackend::PlanFetch(const engine::StageSpec&, std::stop_token) {
  return engine::FetchPlan{.bytes = kImageBytes};
}

Result<update::StagedImage> FakeBackend::Stage(const engine::StageSpec& spec,
                                               const engine::ProgressSink& progress,
                                               std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const boot::Slot target = boot::OtherSlot(running_);
  if (!IsGood(At(running_).attributes)) {
    return matic::Fail(ErrorCode::kRefused, "the running slot is not marked successful");
  }
  At(target) = {};
  lock.unlock();
  progress({engine::StagePhase::kFetching, kImageBytes / 2, kImageBytes});
  lock.lock();
  MATIC_TRY(Begin(Verb::kStage, lock, stop));
  auto offer = offers_.find(spec.source);
  FakeSlot image{{}, "2.0", "", true};
  if (offer != offers_.end()) image = offer->second;
  image.digest = spec.sha256;
  At(target) = image;
  return update::StagedImage{std::string(boot::SlotName(target)), image.digest, image.version,
                             kImageBytes};
}

Result<> FakeBackend::Verify(const update::StagedImage& staged, const engine::ProgressSink&,
                             std::stop_token stop) {
  std::unique_lock lock(mutex_);
  MATIC_TRY(Begin(Verb::kVerify, lock, stop));
  MATIC_ASSIGN(const boot::Slot slot, Parse(staged.target));
  if (At(slot).digest == staged.digest) return {};
  return matic::Fail(ErrorCode::kCorrupt, staged.target + " has changed since it was staged");
}

Result<> FakeBackend::Activate(const update::StagedImage& staged, std::stop_token) {
  std::unique_lock lock(mutex_);
  MATIC_TRY(Begin(Verb::kActivate, lock));
  MATIC_ASSIGN(const boot::Slot slot, Parse(staged.target));
  if (slot == running_ || !IsGood(At(running_).attributes)) {
    return matic::Fail(ErrorCode::kRefused, "activate " + staged.target + ": refused");
  }
  if (At(slot).digest != staged.digest) {
    return matic::Fail(ErrorCode::kCorrupt, "activate " + staged.target + ": another image");
  }
  At(running_).attributes.priority = boot::kRunningPriority;
  At(slot).attributes = {boot::kActivatedPriority, kTries, false};
  return {};
}

Result<> FakeBackend::Discard(const std::string& target) {
  std::unique_lock lock(mutex_);
  MATIC_TRY(Begin(Verb::kDiscard, lock));
  MATIC_ASSIGN(const boot::Slot slot, Parse(target));
  if (At(slot).attributes == boot::kUnbootable) return {};
  const boot::SlotAttributes& kept = At(boot::OtherSlot(slot)).attributes;
  if (!boot::IsBootable(kept) || (IsGood(At(slot).attributes) && !kept.successful)) {
    return matic::Fail(ErrorCode::kRefused, target + " is the only one that can be started");
  }
  At(slot).attributes = boot::kUnbootable;
  return {};
}

Result<> FakeBackend::Confirm() {
  std::unique_lock lock(mutex_);
  MATIC_TRY(Begin(Verb::kConfirm, lock));
  boot::SlotAttributes& running = At(running_).attributes;
  running = {std::max(running.priority, boot::kRunningPriority), 0, true};
  return {};
}

Result<std::string> FakeBackend::Revert(const std::string& previous, std::stop_token) {
  std::unique_lock lock(mutex_);
  MATIC_TRY(Begin(Verb::kRevert, lock));
  MATIC_ASSIGN(const boot::Slot slot, Parse(previous));
  if (!IsGood(At(slot).attributes)) {
    return matic::Fail(ErrorCode::kRefused, previous + " is not marked successful");
  }
  boot::SlotAttributes& left = At(boot::OtherSlot(slot)).attributes;
  left = IsGood(left) ? boot::SlotAttributes{boot::kRunningPriority, 0, true} : boot::kUnbootable;
  At(slot).attributes = {boot::kActivatedPriority, 0, true};
  return std::string();
}

Result<> FakeBackend::GiveTryBack() {
  std::unique_lock lock(mutex_);
  MATIC_TRY(Begin(Verb::kGiveTryBack, lock));
  boot::SlotAttributes& running = At(running_).attributes;
  if (!running.successful && running.priority > 0 && running.tries < kTries) ++running.tries;
  return {};
}

void FakeBackend::Offer(const std::string& source, const std::string& version, bool loads) {
  std::scoped_lock lock(mutex_);
  offers_[source] = {{}, version, "", loads};
}

void FakeBackend::Fail(Verb verb, Error error, int times) {
  std::scoped_lock lock(mutex_);
  for (int i = 0; i < times; ++i) failures_[verb].push_back(error);
}

void FakeBackend::Hold(Verb verb) {
  std::scoped_lock lock(mutex_);
  held_[verb] = true;
}

void FakeBackend::Release(Verb verb) {
  std::scoped_lock lock(mutex_);
  held_[verb] = false;
  changed_.notify_all();
}

void FakeBackend::AwaitHeld(Verb verb) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return held_[verb] && waiting_[verb] > 0; });
}

std::optional<boot::Slot> FakeBackend::Choose() const {
  const boot::SlotCandidate candidates[] = {{boot::Slot::kA, 2, At(boot::Slot::kA).attributes},
                                            {boot::Slot::kB, 3, At(boot::Slot::kB).attributes}};
  return boot::ChooseSlot(candidates);
}

void FakeBackend::Reboot() {
  std::scoped_lock lock(mutex_);
  ++boots_;
  held_.clear();
  changed_.notify_all();
  boot::SlotCandidate candidates[] = {{boot::Slot::kA, 2, At(boot::Slot::kA).attributes},
                                      {boot::Slot::kB, 3, At(boot::Slot::kB).attributes}};
  while (auto chosen = boot::ChooseSlot(candidates)) {
    FakeSlot& slot = At(*chosen);
    if (slot.loads) {
      if (boot::IsOnTrial(slot.attributes)) slot.attributes = boot::WithTryTaken(slot.attributes);
      running_ = *chosen;
      return;
    }
    if (!slot.attributes.successful) slot.attributes = boot::kUnbootable;
    candidates[*chosen == boot::Slot::kA ? 0 : 1].attributes = boot::kUnbootable;
  }
  running_ = At(boot::Slot::kA).loads ? boot::Slot::kA : boot::Slot::kB;
}

FakeBackend::FakeSlot FakeBackend::slot(boot::Slot slot) const {
  std::scoped_lock lock(mutex_);
  return At(slot);
}

void FakeBackend::SetSlot(boot::Slot slot, const FakeSlot& content) {
  std::scoped_lock lock(mutex_);
  At(slot) = content;
}

boot::Slot FakeBackend::running() const {
  std::scoped_lock lock(mutex_);
  return running_;
}

std::string FakeBackend::boot_id() const {
  std::scoped_lock lock(mutex_);
  return "boot-" + std::to_string(boots_);
}

int FakeBackend::calls(Verb verb) const {
  std::scoped_lock lock(mutex_);
  auto it = calls_.find(verb);
  return it == calls_.end() ? 0 : it->second;
}

}  // namespace matic::fakes

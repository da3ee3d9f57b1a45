#include "boot/policy/selector.h"

#include <algorithm>

namespace matic::boot {
namespace {

constexpr std::string_view kPrefix = "matic-boot: ";

std::string_view DescribeOutcome(Outcome outcome) {
  switch (outcome) {
    case Outcome::kUnreadable:
    case Outcome::kFailed:
      return "its kernel cannot be read";
    case Outcome::kNoMemory:
      return "there is no memory for its kernel";
    case Outcome::kMismatch:
      return "its kernel does not match the section table's SHA-256";
    case Outcome::kNotLoadable:
      return "the firmware does not load its kernel";
    case Outcome::kNotTrusted:
      return "its kernel has no signature that the firmware accepts (Secure Boot)";
    case Outcome::kReturned:
      return "its kernel returned to the firmware";
    case Outcome::kNotHandedOver:
      return "it cannot be told which slot was started";
    case Outcome::kDone:
      break;
  }
  return "unknown";
}

}  // namespace

Step Selector::First() {
  if (!disk_.IsSupported()) return Stop("the disk's sector size is not supported");
  return Read(State::kPrimaryHeader, 1, primary_.header_sector(disk_));
}

Step Selector::Next(Outcome outcome) {
  switch (state_) {
    case State::kPrimaryHeader:
      if (outcome != Outcome::kDone) {
        primary_.MarkUnread();
        return ReadBackup();
      }
      if (primary_.ParseHeader(disk_, GptCopyKind::kPrimary, 1) != GptError::kNone) {
        return ReadBackup();
      }
      return Read(State::kPrimaryEntries, primary_.entries_lba(), primary_.entries_sectors());
    case State::kPrimaryEntries:
      outcome == Outcome::kDone ? static_cast<void>(primary_.ParseEntries())
                                : primary_.MarkUnread();
      return ReadBackup();
    case State::kBackupHeader: {
      if (outcome != Outcome::kDone) {
        backup_.MarkUnread();
        return AfterTables();
      }
      if (backup_.ParseHeader(disk_, GptCopyKind::kBackup, BackupLba()) != GptError::kNone) {
        return AfterTables();
      }
      return Read(State::kBackupEntries, backup_.entries_lba(), backup_.entries_sectors());
    }
    case State::kBackupEntries:
      outcome == Outcome::kDone ? static_cast<void>(backup_.ParseEntries()) : backup_.MarkUnread();
      return AfterTables();
    case State::kChoosing:
      return ChooseNext();
    case State::kRecording:
      return AfterRecording(outcome);
    case State::kSuperblock:
      return AfterSuperblock(outcome);
    case State::kSectionTable:
      return AfterSectionTable(outcome);
    case State::kStarting:
      return AfterStart(outcome);
    case State::kStopped:
      break;
  }
  return Stop("stopped");
}

Step Selector::Read(State state, uint64_t lba, std::span<uint8_t> into) {
  state_ = state;
  Step step;
  step.kind = StepKind::kRead;
  step.read = {lba, into};
  return step;
}

Step Selector::Report(State state, const Line& line) {
  state_ = state;
  Step step;
  step.kind = StepKind::kReport;
  step.line = line;
  return step;
}

Step Selector::Stop(std::string_view why) {
  state_ = State::kStopped;
  Step step;
  step.kind = StepKind::kStop;
  step.line << kPrefix << "nothing can be started: " << why;
  return step;
}

Step Selector::ReadBackup() {
  return Read(State::kBackupHeader, BackupLba(), backup_.header_sector(disk_));
}

Step Selector::AfterTables() {
  if (!primary_.valid() && !backup_.valid()) return Stop("no valid partition table");
  if (!primary_.valid() || !backup_.valid()) return RestoreDamaged();
  written_ = &primary_;
  recording_ = Recording::kPrimary;
  trials_allowed_ = true;
  FindSlots();
  return ChooseNext();
}

Step Selector::RestoreDamaged() {
  const bool primary_damaged = !primary_.valid();
  GptCopy& damaged = primary_damaged ? primary_ : backup_;
  const GptCopy& good = primary_damaged ? backup_ : primary_;
  Line line;
  line << kPrefix << "partition table: the " << (primary_damaged ? "primary" : "backup")
       << " copy is damaged (" << DescribeGptError(damaged.error()) << ")";
  if (damaged.RestoreFrom(good)) {
    written_ = &damaged;
    trials_allowed_ = true;
    if (primary_damaged) recording_ = Recording::kPrimary;
    line << ", restoring it";
  } else {
    line << " and there is no room to restore it";
  }
  FindSlots();
  return Report(State::kChoosing, line);
}

void Selector::FindSlots() {
  const GptCopy& table = primary_.valid() ? primary_ : backup_;
  for (size_t i = 0; i < slots_.size(); ++i) {
    SlotState& state = slots_[i];
    state.slot = kSlots[i];
    const SlotLookup lookup = FindSlot(table.partitions(), state.slot);
    state.lookup = lookup.error;
    if (lookup.partition == nullptr) continue;
    state.partition = *lookup.partition;
    state.attributes = DecodeSlotAttributes(lookup.partition->attributes);
  }
  if (slots_[0].partition && slots_[1].partition &&
      slots_[1].partition->number < slots_[0].partition->number) {
    std::swap(slots_[0], slots_[1]);
  }
}

Step Selector::ChooseNext() {
  for (SlotState& slot : slots_) {
    if (slot.partition || slot.lookup_reported) continue;
    slot.lookup_reported = true;
    Line line;
    line << kPrefix << SlotName(slot.slot) << " refused: " << DescribeLookupError(slot.lookup);
    return Report(State::kChoosing, line);
  }
  current_ = last_resort_ ? nullptr : NextBootable();
  if (current_ != nullptr && IsOnTrial(current_->attributes) && recording_ == Recording::kPrimary) {
    current_->attributes = WithTryTaken(current_->attributes);
    written_->SetAttributes(
        current_->partition->number,
        EncodeSlotAttributes(current_->attributes, current_->partition->attributes));
  }
  // Also where nothing is left to start: the refusals so far, and the restored copy, are kept.
  if (changes_pending()) return Record();
  if (current_ != nullptr) return Load(*current_);
  last_resort_ = true;
  current_ = NextLastResort();
  if (current_ == nullptr) return Stop("no slot is left");
  return Load(*current_);
}

Selector::SlotState* Selector::NextBootable() {
  std::array<SlotCandidate, kSlots.size()> candidates{};
  size_t count = 0;
  for (const SlotState& slot : slots_) {
    if (!slot.partition || slot.refused) continue;
    if (!trials_allowed_ && !slot.attributes.successful) continue;
    candidates[count++] = {slot.slot, slot.partition->number, slot.attributes};
  }
  const std::optional<Slot> chosen =
      ChooseSlot(std::span<const SlotCandidate>(candidates).first(count));
  for (SlotState& slot : slots_) {
    if (chosen == slot.slot) return &slot;
  }
  return nullptr;
}

Selector::SlotState* Selector::NextLastResort() {
  for (SlotState& slot : slots_) {
    if (slot.partition && !slot.refused) return &slot;
  }
  return nullptr;
}

Step Selector::Record() {
  state_ = State::kRecording;
  writes_ = written_->Writes();
  Step step;
  step.kind = StepKind::kWrite;
  step.writes = writes_;
  return step;
}

Step Selector::AfterRecording(Outcome outcome) {
  if (outcome != Outcome::kDone) {
    written_ = nullptr;
    recording_ = Recording::kNowhere;
    trials_allowed_ = false;
    Line line;
    line << kPrefix << "the partition table cannot be written: no slot is started on trial";
    return Report(State::kChoosing, line);
  }
  if (current_ != nullptr) return Load(*current_);
  return ChooseNext();
}

Step Selector::Load(SlotState& slot) {
  current_ = &slot;
  if (slot.partition->sectors() < kImageBlockBytes / disk_.sector_bytes) {
    return Refuse("it is too small for an image");
  }
  return Read(State::kSuperblock, slot.partition->first_lba, block_);
}

Step Selector::AfterSuperblock(Outcome outcome) {
  if (outcome != Outcome::kDone) return Refuse("it cannot be read");
  const std::optional<uint64_t> squashfs_bytes = SquashfsBytesUsed(block_);
  if (!squashfs_bytes) return Refuse("it holds no image");
  squashfs_bytes_ = *squashfs_bytes;
  const std::optional<uint64_t> table = SectionTableOffset(squashfs_bytes_);
  const uint64_t space = current_->partition->sectors() * disk_.sector_bytes;
  if (!table || *table > space - kSectionTableBytes) return Refuse("its image is cut off");
  return Read(State::kSectionTable, current_->partition->first_lba + *table / disk_.sector_bytes,
              block_);
}

Step Selector::AfterSectionTable(Outcome outcome) {
  if (outcome != Outcome::kDone) return Refuse("it cannot be read");
  const uint64_t space = current_->partition->sectors() * disk_.sector_bytes;
  const SectionTableParse parse = ParseSectionTable(block_, squashfs_bytes_, space);
  if (parse.error != SectionTableError::kNone) {
    return Refuse(DescribeSectionTableError(parse.error));
  }
  const Section& uki = *parse.table.Find(kUkiSection);
  if (uki.length > kMaxUkiBytes) return Refuse("its kernel is too large");
  return Start(uki);
}

Step Selector::Start(const Section& uki) {
  state_ = State::kStarting;
  Step step;
  step.kind = StepKind::kStart;
  step.start.slot = current_->slot;
  step.start.partition = *current_->partition;
  step.start.uki_lba = current_->partition->first_lba + uki.offset / disk_.sector_bytes;
  step.start.uki_bytes = uki.length;
  step.start.uki_sha256 = uki.sha256;
  step.start.attributes = current_->attributes;
  step.start.last_resort = last_resort_;
  step.start.needs_hand_over = NeedsHandOver();
  step.line = StartLine();
  return step;
}

Line Selector::StartLine() const {
  Line line;
  line << kPrefix << "starting " << SlotName(current_->slot);
  if (last_resort_) return line << " (last resort)";
  line << " (priority " << uint64_t{current_->attributes.priority};
  if (current_->attributes.successful) return line << ", successful)";
  line << ", tries left " << uint64_t{current_->attributes.tries} << ", on trial";
  if (recording_ == Recording::kNowhere) line << ", not counted";
  return line << ")";
}

Step Selector::AfterStart(Outcome outcome) {
  if (outcome != Outcome::kNotHandedOver || !NeedsHandOver()) {
    return Refuse(DescribeOutcome(outcome));
  }
  // Not the slot's fault: it keeps its attributes and may still be a last resort.
  trials_allowed_ = false;
  Line line;
  line << kPrefix << SlotName(current_->slot) << " not started: " << DescribeOutcome(outcome);
  return Report(State::kChoosing, line);
}

Step Selector::Refuse(std::string_view why) {
  current_->refused = true;
  if (!last_resort_ && !current_->attributes.successful && recording_ == Recording::kPrimary) {
    current_->attributes = kUnbootable;
    written_->SetAttributes(current_->partition->number,
                            EncodeSlotAttributes(kUnbootable, current_->partition->attributes));
  }
  Line line;
  line << kPrefix << SlotName(current_->slot) << " refused: " << why;
  return Report(State::kChoosing, line);
}

}  // namespace matic::boot

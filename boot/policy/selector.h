// The boot selector's decisions as a step machine without I/O: it says what to read, what to write,
// which slot to load and what to tell people; whoever runs it (boot/efi on the machine, boot/sim on
// a host) only carries the step out and feeds the outcome back. Rules: docs/formats.md, "Slot
// attributes".
//
// Only one copy of the partition table is written in one run, since a flush is no promise on some
// firmware and two copies written close together could tear together:
//   both copies valid    the primary; tries and refusals are recorded in it, as often as needed.
//   primary damaged      the primary, restored from the backup with the first change made in it.
//   backup damaged       the backup, restored unchanged. Nothing is recorded in this run: a trial
//                        started in it costs no try, the next run finds both copies valid and takes
//                        one. Where the backup cannot be restored, no trial is started.
//   a write failed       nothing more is written and no trial is started; refusals are remembered
//                        for the rest of the run.
// After a power loss between any two writes at least the copy that was not written is valid.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "boot/policy/gpt_copy.h"
#include "boot/policy/line.h"
#include "boot/policy/section_table.h"
#include "boot/policy/slot.h"

namespace matic::boot {

enum class StepKind : uint8_t {
  kRead,    // fill `read.into` from `read.lba`
  kWrite,   // carry out `writes` in order, each flushed where it says so, then read each back and
            // compare: kFailed unless all of it holds
  kReport,  // show `line`
  kStart,   // load, check and start `start`; show `line` right before it is started
  kStop,    // show `line`; nothing (more) can be started: back to the firmware
};

struct ReadStep {
  uint64_t lba = 0;
  std::span<uint8_t> into;  // whole sectors
};

struct StartStep {
  Slot slot = Slot::kA;
  Partition partition;
  uint64_t uki_lba = 0;  // on the disk
  uint64_t uki_bytes = 0;
  Sha256Digest uki_sha256{};
  SlotAttributes attributes;  // as recorded when it starts
  bool last_resort = false;
  // On trial: the slot is not started unless what the system needs to know about it was handed on.
  bool needs_hand_over = false;
};

struct Step {
  StepKind kind = StepKind::kStop;
  ReadStep read;
  std::span<const SectorWrite> writes;
  StartStep start;
  Line line;
};

enum class Outcome : uint8_t {
  kDone,
  kFailed,  // a read or a write
  // Of kStart:
  kUnreadable,     // the kernel could not be read
  kNoMemory,       // there is no room for it
  kMismatch,       // its SHA-256 is not the section table's
  kNotLoadable,    // the firmware refuses it
  kNotTrusted,     // the firmware refuses its signature, or that it has none (Secure Boot)
  kNotHandedOver,  // the variables could not be set
  kReturned,       // it was started and came back
};

class Selector {
 public:
  explicit Selector(const DiskGeometry& disk) : disk_(disk) {}
  Selector(const Selector&) = delete;
  Selector& operator=(const Selector&) = delete;

  // The first step, then the next one after the outcome of the last. Nothing follows kStop.
  Step First();
  Step Next(Outcome outcome);

 private:
  enum class State : uint8_t {
    kPrimaryHeader,
    kPrimaryEntries,
    kBackupHeader,
    kBackupEntries,
    kChoosing,  // a line was shown, go on with the next slot
    kRecording,
    kSuperblock,
    kSectionTable,
    kStarting,
    kStopped,
  };
  // Where tries and refusals are recorded in this run.
  enum class Recording : uint8_t { kPrimary, kNowhere };

  struct SlotState {
    Slot slot = Slot::kA;
    std::optional<Partition> partition;
    SlotLookupError lookup = SlotLookupError::kMissing;
    SlotAttributes attributes;
    bool refused = false;
    bool lookup_reported = false;
  };

  Step Read(State state, uint64_t lba, std::span<uint8_t> into);
  Step Report(State state, const Line& line);
  Step Stop(std::string_view why);

  Step ReadBackup();
  Step AfterTables();
  Step RestoreDamaged();
  void FindSlots();
  Step ChooseNext();
  Step Record();
  Step AfterRecording(Outcome outcome);
  SlotState* NextBootable();
  SlotState* NextLastResort();

  Step Load(SlotState& slot);
  Step AfterSuperblock(Outcome outcome);
  Step AfterSectionTable(Outcome outcome);
  Step Start(const Section& uki);
  Step AfterStart(Outcome outcome);
  Step Refuse(std::string_view why);
  Line StartLine() const;

  // A disk that grew has its backup where the primary says, not at its end.
  uint64_t BackupLba() const {
    return primary_.valid() ? primary_.alternate_lba() : disk_.last_lba();
  }
  bool NeedsHandOver() const { return !last_resort_ && !current_->attributes.successful; }
  bool changes_pending() const { return written_ != nullptr && written_->changed(); }

  DiskGeometry disk_;
  State state_ = State::kPrimaryHeader;
  GptCopy primary_;
  GptCopy backup_;
  GptCopy* written_ = nullptr;  // the one copy this run may write; null: none (any more)
  Recording recording_ = Recording::kNowhere;
  bool trials_allowed_ = false;
  bool last_resort_ = false;
  std::array<SlotState, kSlots.size()> slots_{};  // in partition order
  SlotState* current_ = nullptr;                  // of slots_: being recorded, loaded or started
  TableWrites writes_{};
  uint64_t squashfs_bytes_ = 0;
  alignas(8) std::array<uint8_t, kImageBlockBytes> block_{};
};

}  // namespace matic::boot

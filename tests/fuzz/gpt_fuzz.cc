// The boot selector on a disk that anybody may have written: what it reads, what it changes, and
// what it starts. The input is
//   flags, answers of the firmware (a nibble a slot), sectors that writing gets done (0: all),
//   u16 number of sectors, u8 unreadable sectors (at most 3) and a u16 for each,
//   then runs of {u16 sector, u16 length, bytes}; sectors from 0xff00 on count from the disk's end.

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "boot/policy/crc32.h"
#include "boot/policy/little_endian.h"
#include "boot/policy/run.h"
#include "tests/fuzz/input.h"

namespace matic::boot {
namespace {

enum Flags : uint8_t {
  kLargeSectors = 1,
  kMendPrimary = 2,  // its checksums, so that nothing but the values themselves is wrong
  kMendBackup = 4,
  kFlushFails = 8,
  kForgetsWrites = 16,  // says yes, keeps nothing
  kMendImages = 32,     // checksums of all that looks like a section table
};

constexpr size_t kMostSectors = 512;

struct FuzzedMachine {
  DiskGeometry geometry;
  std::vector<uint8_t> disk;
  std::set<uint64_t> unreadable;
  uint8_t flags = 0;
  size_t writes_left = SIZE_MAX;
  std::array<Outcome, 2> answers{};

  std::set<uint64_t> written;
  std::vector<Slot> told;  // whose refusal was shown
  std::optional<StartStep> started;
  int steps = 0;

  std::span<uint8_t> At(uint64_t lba, size_t bytes) {
    FUZZ_CLAIM(bytes > 0 && bytes % geometry.sector_bytes == 0);
    FUZZ_CLAIM(lba < geometry.sectors);
    FUZZ_CLAIM(bytes / geometry.sector_bytes <= geometry.sectors - lba);
    return std::span(disk).subspan(static_cast<size_t>(lba) * geometry.sector_bytes, bytes);
  }
  void Count() { FUZZ_CLAIM(++steps < 1000); }

  bool Read(uint64_t lba, std::span<uint8_t> into) {
    Count();
    const auto from = At(lba, into.size());
    for (uint64_t at = lba; at < lba + into.size() / geometry.sector_bytes; ++at) {
      if (unreadable.contains(at)) return false;
    }
    std::ranges::copy(from, into.begin());
    return true;
  }
  bool Write(uint64_t lba, std::span<const uint8_t> bytes) {
    Count();
    const auto to = At(lba, bytes.size());
    for (size_t at = 0; at < bytes.size(); at += geometry.sector_bytes, ++lba) {
      if (writes_left == 0) return false;
      --writes_left;
      written.insert(lba);
      if ((flags & kForgetsWrites) != 0) continue;
      std::ranges::copy(bytes.subspan(at, geometry.sector_bytes),
                        to.subspan(at, geometry.sector_bytes).begin());
    }
    return true;
  }
  bool Flush() { return (flags & kFlushFails) == 0; }
  void Show(std::string_view line) {
    Count();
    for (Slot slot : kSlots) {
      if (line.find(SlotName(slot)) != std::string_view::npos &&
          (line.find("refused") != std::string_view::npos ||
           line.find("not started") != std::string_view::npos)) {
        told.push_back(slot);
      }
    }
  }
  Outcome Start(const StartStep& start, std::string_view) {
    Count();
    // What is loaded lies within the slot, whatever the section table says.
    const Partition& slot = start.partition;
    FUZZ_CLAIM(start.uki_lba > slot.first_lba && start.uki_lba <= slot.last_lba);
    const uint64_t room = (slot.last_lba - start.uki_lba + 1) * geometry.sector_bytes;
    FUZZ_CLAIM(start.uki_bytes > 0 && start.uki_bytes <= room);
    const Outcome answer = answers[start.slot == Slot::kA ? 0 : 1];
    if (answer == Outcome::kDone) started = start;
    return answer;
  }
};

// Both parts of a copy, read without any failure.
void ReadCopy(GptCopy& copy, FuzzedMachine& machine, GptCopyKind kind, uint64_t lba) {
  const DiskGeometry& geometry = machine.geometry;
  std::ranges::copy(machine.At(lba, geometry.sector_bytes), copy.header_sector(geometry).begin());
  if (copy.ParseHeader(geometry, kind, lba) != GptError::kNone) return;
  const auto entries = copy.entries_sectors();
  std::ranges::copy(machine.At(copy.entries_lba(), entries.size()), entries.begin());
  copy.ParseEntries();
}

struct Table {
  std::unique_ptr<GptCopy> primary = std::make_unique<GptCopy>();
  std::unique_ptr<GptCopy> backup = std::make_unique<GptCopy>();

  explicit Table(FuzzedMachine& machine) {
    ReadCopy(*primary, machine, GptCopyKind::kPrimary, 1);
    const uint64_t lba = primary->valid() ? primary->alternate_lba() : machine.geometry.last_lba();
    ReadCopy(*backup, machine, GptCopyKind::kBackup, lba);
  }
  const GptCopy* used() const {
    if (primary->valid()) return primary.get();
    return backup->valid() ? backup.get() : nullptr;
  }
};

void MendCopy(FuzzedMachine& machine, uint64_t lba) {
  const auto header = machine.At(lba, machine.geometry.sector_bytes);
  const uint32_t bytes = Load32(header, 12);
  const uint64_t entries_lba = Load64(header, 72);
  const uint64_t entries_bytes = uint64_t{Load32(header, 80)} * Load32(header, 84);
  if (bytes < 92 || bytes > header.size()) return;
  if (entries_lba < machine.geometry.sectors && entries_bytes <= machine.disk.size() &&
      entries_lba * machine.geometry.sector_bytes <= machine.disk.size() - entries_bytes) {
    const auto entries =
        std::span(machine.disk)
            .subspan(static_cast<size_t>(entries_lba) * machine.geometry.sector_bytes,
                     static_cast<size_t>(entries_bytes));
    Store32(header, 88, Crc32(entries));
  }
  Store32(header, 16, 0);
  Store32(header, 16, Crc32(header.first(bytes)));
}

void MendImages(FuzzedMachine& machine) {
  constexpr std::string_view kMagic = "MATICIMG";
  for (size_t at = 0; at + kSectionTableBytes <= machine.disk.size();
       at += machine.geometry.sector_bytes) {
    const auto block = std::span(machine.disk).subspan(at, kSectionTableBytes);
    if (!std::equal(kMagic.begin(), kMagic.end(), block.begin())) continue;
    Store32(block, kSectionTableBytes - 4, Crc32(block.first(kSectionTableBytes - 4)));
  }
}

Outcome AnswerOf(uint8_t nibble) {
  constexpr std::array kAnswers = {
      Outcome::kDone,        Outcome::kUnreadable, Outcome::kNoMemory,      Outcome::kMismatch,
      Outcome::kNotLoadable, Outcome::kNotTrusted, Outcome::kNotHandedOver, Outcome::kReturned};
  return kAnswers[nibble % kAnswers.size()];
}

FuzzedMachine MachineOf(fuzz::Input& input) {
  FuzzedMachine machine;
  machine.flags = input.Byte();
  const uint8_t answers = input.Byte();
  machine.answers = {AnswerOf(answers & 15), AnswerOf(answers >> 4)};
  const uint8_t writes = input.Byte();
  if (writes > 0) machine.writes_left = writes - 1u;
  machine.geometry.sector_bytes = (machine.flags & kLargeSectors) != 0 ? 4096 : 512;
  machine.geometry.sectors = 8 + input.Number<uint16_t>() % (kMostSectors - 8);
  for (int left = input.Byte() % 4; left > 0; --left) {
    machine.unreadable.insert(input.Number<uint16_t>());
  }
  machine.disk.resize(machine.geometry.sectors * machine.geometry.sector_bytes);
  while (!input.empty()) {
    uint64_t lba = input.Number<uint16_t>();
    if (lba >= 0xff00) lba = machine.geometry.sectors - (0x10000 - lba);
    const auto bytes = input.Take(input.Number<uint16_t>());
    const uint64_t offset = lba * machine.geometry.sector_bytes;
    if (lba >= machine.geometry.sectors || bytes.size() > machine.disk.size() - offset) continue;
    std::ranges::copy(bytes, machine.disk.begin() + static_cast<ptrdiff_t>(offset));
  }
  if ((machine.flags & kMendPrimary) != 0) MendCopy(machine, 1);
  if ((machine.flags & kMendBackup) != 0) MendCopy(machine, machine.geometry.last_lba());
  if ((machine.flags & kMendImages) != 0) MendImages(machine);
  return machine;
}

bool Covers(const GptCopy& copy, uint64_t header_lba, uint64_t lba, uint32_t sector_bytes) {
  const uint64_t entries = const_cast<GptCopy&>(copy).entries_sectors().size() / sector_bytes;
  return lba == header_lba || (lba >= copy.entries_lba() && lba < copy.entries_lba() + entries);
}

// Nothing is written but one copy of the table, and never what belongs to a partition.
void ClaimWrites(const FuzzedMachine& machine, const Table& before) {
  const GptCopy* used = before.used();
  if (used == nullptr) {
    FUZZ_CLAIM(machine.written.empty());
    return;
  }
  const bool backup_damaged = before.primary->valid() && !before.backup->valid();
  const uint64_t good_header = before.primary->valid() ? 1 : machine.geometry.last_lba();
  for (uint64_t lba : machine.written) {
    FUZZ_CLAIM(lba != 0);
    for (const Partition& partition : used->partitions()) {
      FUZZ_CLAIM(lba < partition.first_lba || lba > partition.last_lba);
    }
    // One of the two is whole at any moment: where both are valid that is the backup.
    if (before.primary->valid() && before.backup->valid()) {
      FUZZ_CLAIM(!Covers(*before.backup, before.primary->alternate_lba(), lba,
                         machine.geometry.sector_bytes));
    } else {
      FUZZ_CLAIM(!Covers(*used, good_header, lba, machine.geometry.sector_bytes));
    }
    if (backup_damaged) FUZZ_CLAIM(lba > 1);
  }
}

// What a slot's entry may have become.
void ClaimEntry(const Partition& before, const Partition& after, bool is_slot, int& tries_taken) {
  Partition same = before;
  same.attributes = after.attributes;
  FUZZ_CLAIM(same == after);
  if (before.attributes == after.attributes) return;
  FUZZ_CLAIM(is_slot);
  FUZZ_CLAIM((before.attributes & ~kSlotAttributeBits) == (after.attributes & ~kSlotAttributeBits));
  const SlotAttributes old = DecodeSlotAttributes(before.attributes);
  const SlotAttributes now = DecodeSlotAttributes(after.attributes);
  FUZZ_CLAIM(!old.successful && !now.successful);  // the way back never closes
  if (now == kUnbootable) return;
  FUZZ_CLAIM(IsOnTrial(old) && now == WithTryTaken(old));
  ++tries_taken;
}

void ClaimTable(const Table& before, const Table& after) {
  const GptCopy* old = before.used();
  const GptCopy* now = after.used();
  FUZZ_CLAIM((old == nullptr) == (now == nullptr));
  // A torn write of the primary leaves the backup, whatever that says.
  if (before.backup->valid() && now == after.backup.get()) old = before.backup.get();
  if (old == nullptr) return;
  FUZZ_CLAIM(old->partitions().size() == now->partitions().size());
  const Partition* a = FindSlot(old->partitions(), Slot::kA).partition;
  const Partition* b = FindSlot(old->partitions(), Slot::kB).partition;
  int tries_taken = 0;
  for (size_t i = 0; i < old->partitions().size(); ++i) {
    const Partition& entry = old->partitions()[i];
    ClaimEntry(entry, now->partitions()[i], &entry == a || &entry == b, tries_taken);
  }
  FUZZ_CLAIM(tries_taken <= 1);
}

// What was started was one that may be, and the table says so.
void ClaimChoice(const FuzzedMachine& machine, const Table& before, const Table& after,
                 bool reads_fail) {
  if (!machine.started || reads_fail) return;
  const StartStep& start = *machine.started;
  const GptCopy* old = before.used();
  FUZZ_CLAIM(old != nullptr);
  const Partition* slot = FindSlot(old->partitions(), start.slot).partition;
  FUZZ_CLAIM(slot != nullptr && slot->unique == start.partition.unique);
  FUZZ_CLAIM(slot->first_lba == start.partition.first_lba);
  const SlotAttributes attributes = DecodeSlotAttributes(slot->attributes);
  if (start.last_resort) return;
  FUZZ_CLAIM(IsBootable(attributes));
  if (IsOnTrial(attributes) && before.primary->valid() != before.backup->valid() &&
      before.primary->valid()) {
    // The backup was restored, unchanged; the try is taken at the next start.
    FUZZ_CLAIM(after.backup->valid());
  } else if (IsOnTrial(attributes)) {
    FUZZ_CLAIM(after.primary->valid());
    const Partition* now = FindSlot(after.primary->partitions(), start.slot).partition;
    FUZZ_CLAIM(now != nullptr);
    FUZZ_CLAIM(DecodeSlotAttributes(now->attributes) == WithTryTaken(attributes));
  }
  // The other one was not the better choice, or people were told why it was not taken.
  const Partition* other = FindSlot(old->partitions(), OtherSlot(start.slot)).partition;
  if (other == nullptr || !IsBootable(DecodeSlotAttributes(other->attributes))) return;
  const bool told = std::ranges::find(machine.told, OtherSlot(start.slot)) != machine.told.end();
  const bool trial = IsOnTrial(DecodeSlotAttributes(other->attributes));
  const bool writes_fail =
      machine.writes_left != SIZE_MAX || (machine.flags & (kFlushFails | kForgetsWrites)) != 0;
  if (!told && !(trial && (writes_fail || !before.backup->valid()))) {
    FUZZ_CLAIM(DecodeSlotAttributes(other->attributes).priority <= attributes.priority);
  }
}

}  // namespace
}  // namespace matic::boot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace matic::boot;
  matic::fuzz::Input input(data, size);
  FuzzedMachine machine = MachineOf(input);
  const Table before(machine);
  const auto selector = std::make_unique<Selector>(machine.geometry);
  const bool running = Run(*selector, machine, machine.geometry);
  FUZZ_CLAIM(running == machine.started.has_value());
  const bool reads_fail = !machine.unreadable.empty();
  const Table after(machine);
  if (!reads_fail) ClaimWrites(machine, before);
  if (!reads_fail) ClaimTable(before, after);
  ClaimChoice(machine, before, after, reads_fail);
  return 0;
}

// A machine for Selector in memory: a disk that can refuse, a firmware whose answers are scripted,
// and a record of every sector that was written.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "boot/policy/run.h"
#include "tests/fakes/gpt_builder.h"

namespace matic::boot {

struct WrittenSector {
  uint64_t lba;
  std::vector<uint8_t> bytes;
};

class MemoryMachine {
 public:
  MemoryMachine(fakes::DiskBytes disk, const DiskGeometry& geometry)
      : disk(std::move(disk)), geometry_(geometry) {}

  bool Read(uint64_t lba, std::span<uint8_t> into) {
    const uint64_t count = into.size() / geometry_.sector_bytes;
    if (lba + count > geometry_.sectors) {
      ++reads_outside;
      return false;
    }
    for (uint64_t at = lba; at < lba + count; ++at) {
      if (unreadable.contains(at)) return false;
    }
    std::copy_n(disk.begin() + Offset(lba), into.size(), into.begin());
    return true;
  }

  bool Write(uint64_t lba, std::span<const uint8_t> bytes) {
    for (size_t at = 0; at < bytes.size(); at += geometry_.sector_bytes, ++lba) {
      if (written.size() >= writes_until_failure) return false;
      const auto sector = bytes.subspan(at, geometry_.sector_bytes);
      written.push_back({lba, {sector.begin(), sector.end()}});
      if (!forgets_writes) std::copy(sector.begin(), sector.end(), disk.begin() + Offset(lba));
    }
    return true;
  }

  bool Flush() {
    ++flushes;
    return !flush_fails;
  }

  void Show(std::string_view line) { lines.emplace_back(line); }

  Outcome Start(const StartStep& start, std::string_view line) {
    loads.push_back(start.slot);
    std::vector<uint8_t> memory(UkiBufferBytes(start));
    const Outcome read = ReadUki(*this, start, geometry_, memory);
    if (read != Outcome::kDone) return read;
    const auto answer = answers.find(start.slot);
    if (answer != answers.end() && answer->second != Outcome::kReturned) return answer->second;
    Show(line);
    started = start;
    written_before_start = written.size();
    return answer == answers.end() ? Outcome::kDone : answer->second;
  }

  // Runs a new selector to its end.
  bool Boot() {
    const auto selector = std::make_unique<Selector>(geometry_);
    return Run(*selector, *this, geometry_);
  }

  SlotAttributes InPrimary(Slot slot) const {
    return fakes::SlotIn(disk, geometry_, GptCopyKind::kPrimary, slot);
  }
  SlotAttributes InBackup(Slot slot) const {
    return fakes::SlotIn(disk, geometry_, GptCopyKind::kBackup, slot);
  }
  // Whether a sector of that copy was written.
  bool Wrote(GptCopyKind kind) const {
    for (const WrittenSector& sector : written) {
      const bool backup = sector.lba >= fakes::BackupEntriesLba(geometry_);
      if (backup == (kind == GptCopyKind::kBackup)) return true;
    }
    return false;
  }

  fakes::DiskBytes disk;
  std::set<uint64_t> unreadable;
  size_t writes_until_failure = SIZE_MAX;  // sectors
  bool flush_fails = false;
  bool forgets_writes = false;  // says yes, keeps nothing
  std::map<Slot, Outcome> answers;

  std::vector<WrittenSector> written;
  size_t written_before_start = 0;
  int flushes = 0;
  int reads_outside = 0;
  std::vector<Slot> loads;
  std::vector<std::string> lines;
  std::optional<StartStep> started;

 private:
  ptrdiff_t Offset(uint64_t lba) const {
    return static_cast<ptrdiff_t>(lba * geometry_.sector_bytes);
  }

  DiskGeometry geometry_;
};

// The standard disk with an image in both slots.
inline fakes::DiskBytes DiskWithImages(const fakes::GptBuilder& builder) {
  fakes::DiskBytes disk = builder.Build();
  for (Slot slot : kSlots) {
    fakes::PutAt(disk, builder.geometry(), builder.partition(SlotName(slot)),
                 fakes::SmallImage(std::string(5000, slot == Slot::kA ? 'a' : 'b')));
  }
  return disk;
}

}  // namespace matic::boot

// Carries a Selector's steps out on a machine: the firmware's (boot/efi), a disk image's
// (boot/sim), a test's. A template, so that the firmware build needs no runtime for virtual calls.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "boot/policy/selector.h"
#include "boot/policy/sha256.h"

namespace matic::boot {

// What a machine has to offer. Reads and writes are whole sectors.
template <typename M>
concept Machine = requires(M m, uint64_t lba, std::span<uint8_t> into,
                           std::span<const uint8_t> bytes, std::string_view line,
                           const StartStep& start) {
  { m.Read(lba, into) } -> std::same_as<bool>;
  { m.Write(lba, bytes) } -> std::same_as<bool>;
  { m.Flush() } -> std::same_as<bool>;
  m.Show(line);
  // Loads, checks, shows `line` and starts. kDone: it runs, the selector's work is over.
  { m.Start(start, line) } -> std::same_as<Outcome>;
};

template <Machine M>
bool ReadsBack(M& machine, const SectorWrite& write, const DiskGeometry& disk) {
  alignas(8) std::array<uint8_t, kMaxSectorBytes> buffer;
  const std::span<uint8_t> sector = std::span(buffer).first(disk.sector_bytes);
  for (size_t at = 0; at < write.bytes.size(); at += sector.size()) {
    if (!machine.Read(write.lba + at / sector.size(), sector)) return false;
    const std::span<const uint8_t> expected = write.bytes.subspan(at, sector.size());
    if (!std::equal(sector.begin(), sector.end(), expected.begin())) return false;
  }
  return true;
}

// Flushed first: what was written before in this start (a firmware may have mended the backup), or
// in the one before, must not be lost together with this.
template <Machine M>
Outcome CarryOut(M& machine, std::span<const SectorWrite> writes, const DiskGeometry& disk) {
  if (!machine.Flush()) return Outcome::kFailed;
  for (const SectorWrite& write : writes) {
    if (!machine.Write(write.lba, write.bytes)) return Outcome::kFailed;
    if (write.flush && !machine.Flush()) return Outcome::kFailed;
  }
  for (const SectorWrite& write : writes) {
    if (!ReadsBack(machine, write, disk)) return Outcome::kFailed;
  }
  return Outcome::kDone;
}

// Returns true where a slot was started (and the machine's Start came back all the same, as a
// simulation's does), false where nothing can be.
template <Machine M>
bool Run(Selector& selector, M& machine, const DiskGeometry& disk) {
  Step step = selector.First();
  for (;;) {
    Outcome outcome = Outcome::kDone;
    switch (step.kind) {
      case StepKind::kRead:
        if (!machine.Read(step.read.lba, step.read.into)) outcome = Outcome::kFailed;
        break;
      case StepKind::kWrite:
        outcome = CarryOut(machine, step.writes, disk);
        break;
      case StepKind::kReport:
        machine.Show(step.line.text());
        break;
      case StepKind::kStart:
        outcome = machine.Start(step.start, step.line.text());
        if (outcome == Outcome::kDone) return true;
        break;
      case StepKind::kStop:
        machine.Show(step.line.text());
        return false;
    }
    step = selector.Next(outcome);
  }
}

// Bytes a kernel takes in memory: reads are whole sectors.
constexpr uint64_t UkiBufferBytes(const StartStep& start) {
  return (start.uki_bytes + kMaxSectorBytes - 1) / kMaxSectorBytes * kMaxSectorBytes;
}

// Reads the kernel into `buffer` (UkiBufferBytes) and checks it there; what is started must be this
// very memory. Hashing goes along with the reading.
template <Machine M>
Outcome ReadUki(M& machine, const StartStep& start, const DiskGeometry& disk,
                std::span<uint8_t> buffer) {
  constexpr size_t kChunkBytes = 1 << 20;  // some firmware refuses very long transfers
  Sha256 sha256;
  for (uint64_t at = 0; at < start.uki_bytes; at += kChunkBytes) {
    const uint64_t left = start.uki_bytes - at;
    const size_t content = static_cast<size_t>(std::min<uint64_t>(left, kChunkBytes));
    const size_t rounded =
        (content + disk.sector_bytes - 1) / disk.sector_bytes * disk.sector_bytes;
    const std::span<uint8_t> chunk = buffer.subspan(static_cast<size_t>(at), rounded);
    if (!machine.Read(start.uki_lba + at / disk.sector_bytes, chunk)) return Outcome::kUnreadable;
    sha256.Update(chunk.first(content));
  }
  return sha256.Finish() == start.uki_sha256 ? Outcome::kDone : Outcome::kMismatch;
}

}  // namespace matic::boot

#include "tests/crash/firmware.h"

#include <algorithm>
#include <memory>
#include <ranges>

namespace matic::crash {
namespace {

using boot::GptCopy;
using boot::GptCopyKind;
using boot::GptError;

Result<> Read(const boot::DiskFile& disk, GptCopyKind kind, uint64_t lba, GptCopy& copy) {
  MATIC_TRY(disk.Read(lba, copy.header_sector(disk.geometry())));
  if (copy.ParseHeader(disk.geometry(), kind, lba) != GptError::kNone) return {};
  MATIC_TRY(disk.Read(copy.entries_lba(), copy.entries_sectors()));
  (void)copy.ParseEntries();
  return {};
}

}  // namespace

Result<> MendTable(boot::DiskFile& disk) {
  const auto primary = std::make_unique<GptCopy>();
  const auto backup = std::make_unique<GptCopy>();
  MATIC_TRY(Read(disk, GptCopyKind::kPrimary, 1, *primary));
  const uint64_t backup_lba =
      primary->valid() ? primary->alternate_lba() : disk.geometry().last_lba();
  MATIC_TRY(Read(disk, GptCopyKind::kBackup, backup_lba, *backup));
  if (primary->valid() == backup->valid()) return {};
  GptCopy& bad = primary->valid() ? *backup : *primary;
  if (!bad.RestoreFrom(primary->valid() ? *primary : *backup)) return {};
  const boot::TableWrites writes = bad.Writes();
  for (const boot::SectorWrite& write : writes | std::views::reverse) {
    MATIC_TRY(disk.Write(write.lba, write.bytes));
  }
  return {};
}

}  // namespace matic::crash

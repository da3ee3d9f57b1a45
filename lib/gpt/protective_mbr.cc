#include "lib/gpt/protective_mbr.h"

#include <algorithm>
#include <span>

#include "boot/policy/little_endian.h"

namespace matic::gpt {
namespace {

constexpr size_t kEntriesAt = 446;
constexpr size_t kEntryBytes = 16;
constexpr size_t kEntries = 4;
constexpr size_t kTypeAt = 4;
constexpr size_t kFirstLbaAt = 8;
constexpr size_t kSectorsAt = 12;
constexpr size_t kSignatureAt = 510;
constexpr uint8_t kGptType = 0xee;

MbrState Judge(std::span<const uint8_t> sector) {
  if (sector[kSignatureAt] != 0x55 || sector[kSignatureAt + 1] != 0xaa) return MbrState::kMissing;
  MbrState state = MbrState::kMissing;
  for (size_t i = 0; i < kEntries; ++i) {
    const std::span<const uint8_t> entry =
        sector.subspan(kEntriesAt + i * kEntryBytes, kEntryBytes);
    if (entry[kTypeAt] == kGptType && boot::Load32(entry, kFirstLbaAt) == 1) {
      return MbrState::kProtective;
    }
    if (entry[kTypeAt] != 0) state = MbrState::kForeign;
  }
  return state;
}

void Fill(std::span<uint8_t> sector, const boot::DiskGeometry& geometry) {
  const std::span<uint8_t> entries = sector.subspan(kEntriesAt, kEntries * kEntryBytes);
  std::ranges::fill(entries, uint8_t{0});
  // Cylinders, heads and sectors as the specification fixes them: from 0/0/2 to "beyond".
  constexpr uint8_t kStart[] = {0x00, 0x00, 0x02, 0x00};
  constexpr uint8_t kEnd[] = {kGptType, 0xff, 0xff, 0xff};
  std::ranges::copy(kStart, entries.begin());
  std::ranges::copy(kEnd, entries.begin() + kTypeAt);
  boot::Store32(entries, kFirstLbaAt, 1);
  boot::Store32(entries, kSectorsAt,
                static_cast<uint32_t>(std::min<uint64_t>(geometry.last_lba(), 0xffffffff)));
  sector[kSignatureAt] = 0x55;
  sector[kSignatureAt + 1] = 0xaa;
}

}  // namespace

Result<MbrState> ReadMbrState(BlockDevice& disk, const boot::DiskGeometry& geometry) {
  std::vector<uint8_t> sector(geometry.sector_bytes);
  MATIC_TRY(disk.Read(0, sector));
  return Judge(sector);
}

Result<> RestoreProtectiveMbr(BlockDevice& disk, const std::string& device,
                              const boot::DiskGeometry& geometry,
                              std::vector<std::string>& mended) {
  std::vector<uint8_t> sector(geometry.sector_bytes);
  MATIC_TRY(disk.Read(0, sector));
  const MbrState state = Judge(sector);
  if (state == MbrState::kProtective) return {};
  if (state == MbrState::kForeign) {
    return Fail(ErrorCode::kRefused,
                device + ": its MBR has partitions of its own and does not protect the GPT");
  }
  Fill(sector, geometry);
  MATIC_TRY(disk.Write(0, sector));
  MATIC_TRY(disk.Flush());
  mended.push_back(device + ": protective MBR written anew");
  return {};
}

}  // namespace matic::gpt

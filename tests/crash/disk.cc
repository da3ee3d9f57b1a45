#include "tests/crash/disk.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "lib/gpt/create_gpt.h"
#include "lib/gpt/fdisk_partition_table.h"

namespace matic::crash {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kUnit = 4096;
// As small as they can be: a sweep copies the disk hundreds of thousands of times.
constexpr uint64_t kSlotBytes = 48 * 1024;
constexpr uint64_t kDiskBytes = 152 * 1024;

boot::Guid UniqueGuid(uint8_t n) {
  boot::Guid guid;
  guid.bytes.fill(n);
  return guid;
}

gpt::NewPartition SlotPartition(boot::Slot slot, uint8_t guid, const FactorySlot& factory) {
  const uint64_t bits = boot::kReadOnlyBit | boot::kNoAutoBit;
  return {std::string(boot::SlotName(slot)), boot::kRootType, UniqueGuid(guid), kSlotBytes,
          boot::EncodeSlotAttributes(factory.attributes, bits)};
}

Result<gpt::GptTable> CreateTable(const fs::path& path, const Factory& factory) {
  std::ofstream(path).flush();
  fs::resize_file(path, kDiskBytes);
  const std::vector<gpt::NewPartition> partitions = {
      {"esp", boot::kEspType, UniqueGuid(1), kUnit, 0},
      SlotPartition(boot::Slot::kA, 2, factory.a),
      SlotPartition(boot::Slot::kB, 3, factory.b),
      {"state", boot::kStateType, UniqueGuid(4), kUnit, 0},
  };
  return gpt::CreateGpt(path, {.disk_guid = UniqueGuid(9),
                               .sector_size = factory.sector_bytes,
                               .alignment_bytes = kUnit,
                               .partitions = partitions});
}

Result<Layout> LayoutOf(const gpt::GptTable& table) {
  Layout layout{table.sector_size, table.size_bytes, {}};
  for (const boot::Slot slot : boot::kSlots) {
    MATIC_ASSIGN(const boot::Partition partition, gpt::FindSlot(table, slot));
    const uint64_t begin = table.StartBytes(partition);
    layout.slots[static_cast<size_t>(slot)] = {begin, begin + table.SizeBytes(partition)};
  }
  return layout;
}

}  // namespace

Area Layout::AreaOf(uint64_t from, uint64_t to) const {
  for (const Extent& slot : slots) {
    if (!slot.Overlaps(from, to)) continue;
    return from < slot.begin + kFirstBlockBytes ? Area::kFirstBlock : Area::kPayload;
  }
  return Area::kTable;
}

std::span<const uint8_t> Layout::SlotOf(std::span<const uint8_t> disk, boot::Slot slot) const {
  return disk.subspan(Of(slot).begin, Of(slot).end - Of(slot).begin);
}

Result<FactoryDisk> MakeDisk(const Factory& factory, const fs::path& scratch) {
  const fs::path path = scratch / "factory.img";
  MATIC_ASSIGN(const gpt::GptTable table, CreateTable(path, factory));
  MATIC_ASSIGN(const Layout layout, LayoutOf(table));
  std::ifstream file(path, std::ios::binary);
  FactoryDisk disk{layout, {std::istreambuf_iterator<char>(file), {}}};
  fs::remove(path);
  for (const boot::Slot slot : boot::kSlots) {
    const FactorySlot& made = slot == boot::Slot::kA ? factory.a : factory.b;
    if (made.version.empty()) continue;
    std::ranges::copy(SystemOf(made.version).image,
                      disk.content.begin() + static_cast<ptrdiff_t>(layout.Of(slot).begin));
  }
  return disk;
}

std::optional<boot::Slot> DiskView::BestConfirmed() const {
  std::optional<boot::Slot> best;
  for (const boot::Slot slot : boot::kSlots) {
    const boot::SlotAttributes& attributes = Of(slot).attributes;
    if (!boot::IsBootable(attributes) || !attributes.successful) continue;
    if (!best || attributes.priority > Of(*best).attributes.priority) best = slot;
  }
  return best;
}

bool DiskView::IsConfirmed(const System& system) const {
  return std::ranges::any_of(slots, [&](const SlotView& slot) {
    return slot.whole == &system && slot.attributes.successful && boot::IsBootable(slot.attributes);
  });
}

Result<DiskView> LookAt(const fs::path& disk, std::span<const uint8_t> content,
                        const Layout& layout) {
  MATIC_ASSIGN(const gpt::GptTable table,
               gpt::FdiskPartitionTable(disk, layout.sector_bytes).Load());
  DiskView view;
  view.table_is_whole = table.IsWhole();
  for (const boot::Slot slot : boot::kSlots) {
    MATIC_ASSIGN(const boot::Partition partition, gpt::FindSlot(table, slot));
    const std::span<const uint8_t> bytes = layout.SlotOf(content, slot);
    view.slots[static_cast<size_t>(slot)] = {boot::DecodeSlotAttributes(partition.attributes),
                                             WholeSystemIn(bytes), SystemBegunIn(bytes)};
  }
  return view;
}

}  // namespace matic::crash

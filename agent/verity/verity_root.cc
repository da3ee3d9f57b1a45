#include "agent/verity/verity_root.h"

#include <array>
#include <span>
#include <sstream>
#include <string_view>

#include "agent/deadline/running_slot.h"
#include "boot/policy/section_table.h"

namespace matic::verity {
namespace {

// Not lib/base's, which brings Abseil into the initrd.
std::string Hex(std::span<const uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) text += {kDigits[byte >> 4], kDigits[byte & 15]};
  return text;
}

Result<boot::SectionTable> ReadSections(BlockDevice& slot) {
  std::array<uint8_t, boot::kImageBlockBytes> block{};
  MATIC_TRY(slot.Read(0, block));
  const auto squashfs_bytes = boot::SquashfsBytesUsed(block);
  const auto table = squashfs_bytes ? boot::SectionTableOffset(*squashfs_bytes) : std::nullopt;
  if (!table || *table > slot.size() || slot.size() - *table < block.size()) {
    return Fail(ErrorCode::kCorrupt, "it holds no image");
  }
  MATIC_TRY(slot.Read(*table, block));
  const auto parse = boot::ParseSectionTable(block, *squashfs_bytes, slot.size());
  if (parse.error != boot::SectionTableError::kNone) {
    return Fail(ErrorCode::kCorrupt, std::string(DescribeSectionTableError(parse.error)));
  }
  return parse.table;
}

}  // namespace

Result<SlotTree> ReadSlotTree(BlockDevice& slot) {
  MATIC_ASSIGN(const auto table, ReadSections(slot));
  const boot::Section* section = table.Find(boot::kVeritySection);
  if (section == nullptr) {
    return Fail(ErrorCode::kCorrupt, "its image has no section verity");
  }
  std::array<uint8_t, image::kVeritySuperblockBytes> start{};
  if (section->length < start.size()) {
    return Fail(ErrorCode::kCorrupt, "its section verity is cut off");
  }
  MATIC_TRY(slot.Read(section->offset, start));
  MATIC_ASSIGN(auto superblock,
               image::CheckVeritySection(start, table.squashfs_bytes, section->length));
  return SlotTree{std::move(superblock), section->offset / image::kVerityBlockBytes + 1};
}

std::string TargetParameters(const SlotTree& tree, const std::filesystem::path& device,
                             const std::string& root_hash, OnMismatch on_mismatch) {
  std::ostringstream text;
  text << "1 " << device.string() << " " << device.string() << " " << image::kVerityBlockBytes
       << " " << image::kVerityBlockBytes << " " << tree.superblock.data_blocks << " "
       << tree.tree_block << " sha256 " << root_hash << " "
       << (tree.superblock.salt.empty() ? "-" : Hex(tree.superblock.salt));
  if (on_mismatch == OnMismatch::kPanic) text << " 1 panic_on_corruption";
  return text.str();
}

OnMismatch ChooseOnMismatch(const std::filesystem::path& partition) {
  deadline::Places places;
  places.partition = partition;
  const auto slot = deadline::FindRunningSlot(places);
  const bool on_trial = slot && deadline::ReadSlot(*slot) == deadline::Reading::kOnTrial;
  return on_trial ? OnMismatch::kPanic : OnMismatch::kRefuseRead;
}

}  // namespace matic::verity

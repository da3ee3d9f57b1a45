#include "lib/image/image_reader.h"

#include <algorithm>
#include <array>
#include <span>

#include "boot/policy/section_table.h"
#include "lib/image/pe_headers.h"
#include "lib/image/verity_tree.h"
#include "lib/os/aligned_buffer.h"
#include "lib/os/os_release.h"

namespace matic::image {
namespace {

constexpr size_t kChunkBytes = 4 * 1024 * 1024;
// More than either ever needs; what is longer is damage.
constexpr uint64_t kMaxTextSection = 64 * 1024;

Result<std::vector<uint8_t>> ReadBytes(BlockDevice& device, uint64_t offset, uint64_t length) {
  std::vector<uint8_t> bytes(length);
  MATIC_TRY(device.Read(offset, bytes));
  return bytes;
}

Result<boot::SectionTable> ReadSectionTable(BlockDevice& device) {
  if (device.size() < boot::kImageBlockBytes) {
    return Fail(ErrorCode::kCorrupt,
                "no image: " + std::to_string(device.size()) + " bytes are too few");
  }
  std::array<uint8_t, boot::kImageBlockBytes> block{};
  MATIC_TRY(device.Read(0, block));
  const auto squashfs_bytes = boot::SquashfsBytesUsed(block);
  if (!squashfs_bytes) return Fail(ErrorCode::kCorrupt, "no image: it is not a squashfs 4.0");
  const auto table_offset = boot::SectionTableOffset(*squashfs_bytes);
  if (*squashfs_bytes > device.size()) {
    return Fail(ErrorCode::kCorrupt, "no image: cut short: the squashfs says it is " +
                                         std::to_string(*squashfs_bytes) +
                                         " bytes long, there are " + std::to_string(device.size()));
  }
  if (!table_offset || *table_offset > device.size() - boot::kSectionTableBytes) {
    return Fail(ErrorCode::kCorrupt, "no image: no section table behind the squashfs of " +
                                         std::to_string(*squashfs_bytes) +
                                         " bytes; osctl image pack makes an image of it");
  }
  MATIC_TRY(device.Read(*table_offset, block));
  boot::SectionTableParse parse = boot::ParseSectionTable(block, *squashfs_bytes, device.size());
  if (parse.error != boot::SectionTableError::kNone) {
    return Fail(ErrorCode::kCorrupt, "section table at " + std::to_string(*table_offset) + ": " +
                                         std::string(DescribeSectionTableError(parse.error)));
  }
  return parse.table;
}

std::string SectionName(const boot::Section& section) {
  const auto end = std::ranges::find(section.type, '\0');
  return {section.type.begin(), end};
}

Result<std::string> ReadText(BlockDevice& device, const ImageSection& uki, const PeHeaders& headers,
                             std::string_view name) {
  const PeSection* section = headers.Find(name);
  if (section == nullptr) {
    return Fail(ErrorCode::kCorrupt, "the kernel section has no " + std::string(name));
  }
  if (section->content_size() > kMaxTextSection) {
    return Fail(ErrorCode::kCorrupt, "the kernel section's " + std::string(name) + " is " +
                                         std::to_string(section->content_size()) + " bytes long");
  }
  MATIC_ASSIGN(const auto bytes,
               ReadBytes(device, uki.offset + section->file_offset, section->content_size()));
  return std::string(bytes.begin(), std::ranges::find(bytes, uint8_t{0}));
}

Result<> ReadKernelTexts(BlockDevice& device, ImageInfo& info) {
  const ImageSection& uki = *info.Find(boot::kUkiSection);
  MATIC_ASSIGN(const auto start,
               ReadBytes(device, uki.offset, std::min(uki.length, kPeHeaderBytes)));
  auto headers = ParsePeHeaders(start, uki.length);
  if (!headers) return Fail(headers.error().Context("kernel section"));
  info.machine = headers->machine;
  MATIC_ASSIGN(info.os_release, ReadText(device, uki, *headers, ".osrel"));
  MATIC_ASSIGN(info.command_line, ReadText(device, uki, *headers, ".cmdline"));
  while (!info.command_line.empty() && info.command_line.back() == '\n') {
    info.command_line.pop_back();
  }
  info.version = Lookup(ParseOsRelease(info.os_release), "IMAGE_VERSION");
  return {};
}

// The value of the last word that begins with `parameter` ("matic.head="), as the initrd reads it;
// empty where there is none.
std::string ValueOf(std::string_view command_line, std::string_view parameter) {
  std::string value;
  while (!command_line.empty()) {
    const size_t end = command_line.find_first_of(" \t\n");
    const std::string_view word = command_line.substr(0, end);
    if (word.starts_with(parameter)) value = word.substr(parameter.size());
    command_line.remove_prefix(end == std::string_view::npos ? command_line.size() : end + 1);
  }
  return value;
}

VerityPlace PlaceOfVerity(const ImageInfo& info, const ImageSection& section) {
  return {info.squashfs_bytes, section.offset, section.length};
}

Result<> ReadVerity(BlockDevice& device, ImageInfo& info) {
  const ImageSection* section = info.Find(boot::kVeritySection);
  const std::string named = ValueOf(info.command_line, kVerityParameter);
  if (section == nullptr && named.empty()) return {};
  if (section == nullptr || named.empty()) {
    return Fail(ErrorCode::kCorrupt,
                section == nullptr
                    ? "the command line names a root hash, but the image has no section verity"
                    : "section verity: the command line has no " + std::string(kVerityParameter));
  }
  const auto hash = crypto::ParseSha256Hex(named);
  if (!hash) {
    return Fail(ErrorCode::kCorrupt,
                "the command line's " + std::string(kVerityParameter) + " is no SHA-256");
  }
  // Its superblock is of this squashfs and fills the section.
  MATIC_TRY(VerityRootHash(device, PlaceOfVerity(info, *section)));
  info.verity = *hash;
  return {};
}

Result<> VerifyRootHash(BlockDevice& device, const ImageInfo& info) {
  if (!info.verity) return {};
  const ImageSection& section = *info.Find(boot::kVeritySection);
  MATIC_ASSIGN(const auto found, VerityRootHash(device, PlaceOfVerity(info, section)));
  if (found == *info.verity) return {};
  return Fail(ErrorCode::kCorrupt, "section verity: its root hash is " + crypto::ToHex(found) +
                                       ", the command line names " + crypto::ToHex(*info.verity));
}

}  // namespace

const ImageSection* ImageInfo::Find(std::string_view type) const {
  const auto found = std::ranges::find(sections, type, &ImageSection::type);
  return found == sections.end() ? nullptr : &*found;
}

Result<ImageInfo> InspectImage(BlockDevice& device) {
  MATIC_ASSIGN(const auto table, ReadSectionTable(device));
  ImageInfo info;
  info.squashfs_bytes = table.squashfs_bytes;
  uint64_t end = 0;
  for (const boot::Section& section : table.used()) {
    info.sections.push_back({SectionName(section), section.offset, section.length, section.sha256});
    end = std::max(end, section.offset + section.length);
  }
  const uint64_t past_block = end % boot::kImageBlockBytes;
  if (past_block != 0) end += boot::kImageBlockBytes - past_block;
  info.image_bytes = std::min(end, device.size());
  MATIC_TRY(ReadKernelTexts(device, info));
  MATIC_TRY(ReadVerity(device, info));
  return info;
}

Result<> VerifyParts(BlockDevice& device, const ImageInfo& info) {
  for (const ImageSection& section : info.sections) {
    MATIC_ASSIGN(const auto digest, HashRange(device, section.offset, section.length));
    if (digest != section.sha256) {
      return Fail(ErrorCode::kCorrupt, "section " + section.type + ": its SHA-256 is " +
                                           crypto::ToHex(digest) + ", the table says " +
                                           crypto::ToHex(section.sha256));
    }
  }
  MATIC_ASSIGN(const auto head, HashRange(device, 0, boot::kImageBlockBytes));
  const std::string named = ValueOf(info.command_line, kHeadParameter);
  if (named != crypto::ToHex(head)) {
    return Fail(ErrorCode::kCorrupt,
                named.empty()
                    ? "the command line has no " + std::string(kHeadParameter)
                    : "the command line names another squashfs: " + std::string(kHeadParameter) +
                          named + ", but its first block has " + crypto::ToHex(head));
  }
  return VerifyRootHash(device, info);
}

Result<crypto::Digest> VerifyImage(BlockDevice& device, const ImageInfo& info) {
  MATIC_TRY(VerifyParts(device, info));
  if (info.verity) {
    const ImageSection& section = *info.Find(boot::kVeritySection);
    MATIC_TRY(VerifyVerityTree(device, PlaceOfVerity(info, section), *info.verity));
  }
  return HashRange(device, 0, info.image_bytes);
}

Result<crypto::Digest> HashRange(BlockDevice& device, uint64_t offset, uint64_t length) {
  crypto::Sha256 hash;
  AlignedBuffer buffer(std::min<uint64_t>(length, kChunkBytes));
  while (length > 0) {
    const auto chunk = buffer.bytes().first(std::min<uint64_t>(length, buffer.size()));
    MATIC_TRY(device.Read(offset, chunk));
    hash.Update(chunk);
    offset += chunk.size();
    length -= chunk.size();
  }
  return hash.Finish();
}

}  // namespace matic::image

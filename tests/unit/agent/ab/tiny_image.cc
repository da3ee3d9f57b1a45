#include "tests/unit/agent/ab/tiny_image.h"

#include <algorithm>

#include "boot/policy/little_endian.h"
#include "boot/policy/section_table.h"
#include "lib/crypto/sha256.h"

namespace matic::ab {
namespace {

constexpr size_t kBlock = boot::kImageBlockBytes;
constexpr size_t kPeAt = 0x40;
constexpr size_t kOptionalAt = kPeAt + 24;
constexpr size_t kOptionalBytes = 112;
constexpr size_t kSectionsAt = kOptionalAt + kOptionalBytes;

void Put(std::vector<uint8_t>& bytes, size_t at, uint64_t value, size_t width) {
  for (size_t i = 0; i < width; ++i) bytes[at + i] = static_cast<uint8_t>(value >> (8 * i));
}

void PutText(std::vector<uint8_t>& bytes, size_t at, std::string_view text) {
  std::ranges::copy(text, bytes.begin() + static_cast<ptrdiff_t>(at));
}

void PutSection(std::vector<uint8_t>& pe, size_t index, std::string_view name, size_t at,
                std::string_view text) {
  const size_t header = kSectionsAt + index * 40;
  PutText(pe, header, name);
  Put(pe, header + 8, text.size(), 4);
  Put(pe, header + 12, 0x10000 * (index + 1), 4);
  Put(pe, header + 16, text.size(), 4);
  Put(pe, header + 20, at, 4);
  PutText(pe, at, text);
}

std::vector<uint8_t> SquashfsOf(const TinyImage& image) {
  if (!image.squashfs.empty()) return image.squashfs;
  std::vector<uint8_t> bytes(image.squashfs_bytes);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(i * 31 + (i >> 12) * 7 + image.seed);
  }
  PutText(bytes, 0, "hsqs");
  Put(bytes, 28, 4, 2);  // version 4.0
  Put(bytes, 30, 0, 2);
  Put(bytes, 40, image.squashfs_bytes, 8);
  return bytes;
}

std::vector<uint8_t> MakeUki(const std::string& version, const std::string& head) {
  std::vector<uint8_t> pe(3 * kBlock);
  PutText(pe, 0, "MZ");
  Put(pe, 0x3c, kPeAt, 4);
  PutText(pe, kPeAt, "PE");
  Put(pe, kPeAt + 4, 0x8664, 2);
  Put(pe, kPeAt + 6, 2, 2);
  Put(pe, kPeAt + 20, kOptionalBytes, 2);
  Put(pe, kOptionalAt, 0x20b, 2);
  PutSection(pe, 0, ".osrel", kBlock, "ID=matic\nIMAGE_VERSION=" + version + "\n");
  PutSection(pe, 1, ".cmdline", 2 * kBlock, "panic=10 matic.head=" + head);
  return pe;
}

void PadToBlock(std::vector<uint8_t>& bytes) {
  bytes.resize((bytes.size() + kBlock - 1) / kBlock * kBlock);
}

}  // namespace

std::string DigestOf(const std::vector<uint8_t>& bytes) {
  return crypto::ToHex(crypto::Sha256Of(bytes));
}

std::vector<uint8_t> MakeImage(const TinyImage& image) {
  std::vector<uint8_t> bytes = SquashfsOf(image);
  const uint64_t squashfs_bytes = *boot::SquashfsBytesUsed(bytes);
  PadToBlock(bytes);
  std::string head = crypto::ToHex(crypto::Sha256Of(std::span(bytes).first(kBlock)));
  if (image.wrong_head) head[0] = head[0] == '0' ? '1' : '0';
  std::vector<uint8_t> uki = MakeUki(image.version, head);
  boot::Section section;
  section.type = boot::SectionType(boot::kUkiSection);
  section.offset = bytes.size() + kBlock;
  section.length = uki.size();
  section.sha256 = crypto::Sha256Of(uki);
  const auto table = boot::EncodeSectionTable(squashfs_bytes, {&section, 1});
  if (!image.no_section_table) bytes.insert(bytes.end(), table.begin(), table.end());
  if (image.damaged_uki) uki.back() ^= 1;
  bytes.insert(bytes.end(), uki.begin(), uki.end());
  return bytes;
}

}  // namespace matic::ab

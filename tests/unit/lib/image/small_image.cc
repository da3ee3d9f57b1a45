#include "tests/unit/lib/image/small_image.h"

#include <algorithm>

#include "boot/policy/little_endian.h"
#include "boot/policy/section_table.h"
#include "lib/crypto/sha256.h"
#include "tests/unit/lib/image/small_tree.h"

namespace matic::image {
namespace {

constexpr size_t kAlignment = 0x200;
constexpr size_t kPeAt = 0x80;
constexpr size_t kOptionalAt = kPeAt + 24;
constexpr size_t kOptionalBytes = 240;
constexpr size_t kSectionsAt = kOptionalAt + kOptionalBytes;

size_t RoundUp(size_t value, size_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

template <typename T>
void Put(std::vector<uint8_t>& bytes, size_t at, T value) {
  boot::StoreLittleEndian<T>(bytes, at, value);
}

}  // namespace

std::vector<uint8_t> Bytes(const std::string& text) { return {text.begin(), text.end()}; }

std::vector<uint8_t> MakePe(const std::vector<PePart>& parts) {
  std::vector<uint8_t> pe(1024);
  pe[0] = 'M';
  pe[1] = 'Z';
  Put<uint32_t>(pe, 0x3c, kPeAt);
  Put<uint32_t>(pe, kPeAt, 0x4550);
  Put<uint16_t>(pe, kPeAt + 4, 0x8664);
  Put<uint16_t>(pe, kPeAt + 6, static_cast<uint16_t>(parts.size()));
  Put<uint32_t>(pe, kPeAt + 8, 1234567);  // the time it was made
  Put<uint16_t>(pe, kPeAt + 20, kOptionalBytes);
  Put<uint16_t>(pe, kOptionalAt, 0x20b);
  Put<uint32_t>(pe, kOptionalAt + 32, kAlignment);
  uint32_t address = 0x4000;
  for (size_t i = 0; i < parts.size(); ++i) {
    const size_t header = kSectionsAt + i * 40;
    const PePart& part = parts[i];
    std::copy_n(part.name.begin(), std::min<size_t>(part.name.size(), 8),
                pe.begin() + static_cast<ptrdiff_t>(header));
    const size_t padded = RoundUp(part.content.size(), kAlignment);
    Put<uint32_t>(pe, header + 8, static_cast<uint32_t>(part.content.size()));
    Put<uint32_t>(pe, header + 12, address);
    Put<uint32_t>(pe, header + 16, static_cast<uint32_t>(padded));
    Put<uint32_t>(pe, header + 20, static_cast<uint32_t>(pe.size()));
    pe.insert(pe.end(), part.content.begin(), part.content.end());
    pe.resize(RoundUp(pe.size(), kAlignment));
    address += static_cast<uint32_t>(RoundUp(padded, 4096));
  }
  return pe;
}

namespace {

// A superblock and noise, and room for the section table.
std::vector<uint8_t> MakeSquashfs() {
  std::vector<uint8_t> image(kSmallUkiAt);
  for (size_t i = 0; i < kSmallSquashfsBytes; ++i) image[i] = static_cast<uint8_t>(i * 7 + i / 256);
  Put<uint32_t>(image, 0, 0x73717368);
  Put<uint16_t>(image, 28, 4);
  Put<uint16_t>(image, 30, 0);
  Put<uint64_t>(image, 40, kSmallSquashfsBytes);
  return image;
}

boot::Section Append(std::vector<uint8_t>& image, std::string_view type,
                     std::span<const uint8_t> content) {
  boot::Section section;
  section.type = boot::SectionType(type);
  section.offset = image.size();
  section.length = content.size();
  section.sha256 = crypto::Sha256Of(content);
  image.insert(image.end(), content.begin(), content.end());
  image.resize(RoundUp(image.size(), boot::kImageBlockBytes));
  return section;
}

std::vector<uint8_t> MakeImage(const std::string& parameters,
                               std::span<const uint8_t> verity_section) {
  std::vector<uint8_t> image = MakeSquashfs();
  const crypto::Digest head = crypto::Sha256Of(std::span(image).first(boot::kImageBlockBytes));
  const std::vector<uint8_t> uki =
      MakePe({{".osrel", Bytes("ID=small\nIMAGE_VERSION=\"2.0\"\n")},
              {".cmdline", Bytes("panic=10 matic.head=" + crypto::ToHex(head) + parameters)},
              {".linux", Bytes("kernel")},
              {".initrd", Bytes("initrd")}});
  std::vector<boot::Section> sections = {Append(image, boot::kUkiSection, uki)};
  if (!verity_section.empty()) {
    sections.push_back(Append(image, boot::kVeritySection, verity_section));
  }
  const auto table = boot::EncodeSectionTable(kSmallSquashfsBytes, sections);
  std::ranges::copy(table, image.begin() + kSmallTableAt);
  return image;
}

}  // namespace

std::vector<uint8_t> MakeSmallImage(const std::string& extra_parameter) {
  return MakeImage(extra_parameter, {});
}

std::vector<uint8_t> MakeVerityImage(const std::string& extra_parameter) {
  const std::vector<uint8_t> squashfs = MakeSquashfs();
  const SmallTree tree = MakeSmallTree(std::span(squashfs).first(kSmallTableAt));
  return MakeImage(" matic.verity=" + crypto::ToHex(tree.root_hash) + extra_parameter,
                   tree.section);
}

}  // namespace matic::image

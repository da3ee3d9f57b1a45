#include "lib/image/container_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "boot/policy/section_table.h"
#include "lib/base/unique_fd.h"
#include "lib/image/image_reader.h"
#include "lib/os/aligned_buffer.h"
#include "lib/os/linux_block_device.h"

namespace matic::image {
namespace {

namespace fs = std::filesystem;

constexpr size_t kChunkBytes = 4 * 1024 * 1024;

constexpr uint64_t RoundUp(uint64_t value) {
  return (value + boot::kImageBlockBytes - 1) / boot::kImageBlockBytes * boot::kImageBlockBytes;
}

Result<std::unique_ptr<LinuxBlockDevice>> OpenInput(const fs::path& path) {
  return LinuxBlockDevice::Open(path, LinuxBlockDevice::Access::kReadOnly);
}

// A file written from its start to its end, and its digest.
class HashedFile {
 public:
  static Result<HashedFile> Create(const fs::path& path) {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!fd.valid()) return Fail(OsError("create " + path.string(), errno));
    return HashedFile(std::move(fd), path);
  }

  Result<> Append(std::span<const uint8_t> bytes) {
    hash_.Update(bytes);
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        return Fail(OsError("write " + path_.string() + " at " + std::to_string(size_), errno));
      }
      size_ += static_cast<uint64_t>(n);
      bytes = bytes.subspan(static_cast<size_t>(n));
    }
    return {};
  }

  Result<> AppendFrom(BlockDevice& input, uint64_t length) {
    AlignedBuffer buffer(kChunkBytes);
    for (uint64_t offset = 0; offset < length;) {
      const auto chunk = buffer.bytes().first(std::min<uint64_t>(length - offset, kChunkBytes));
      MATIC_TRY(input.Read(offset, chunk));
      MATIC_TRY(Append(chunk));
      offset += chunk.size();
    }
    return {};
  }

  Result<> PadToBlock() {
    constexpr std::array<uint8_t, boot::kImageBlockBytes> kZeros{};
    return Append(std::span(kZeros).first(RoundUp(size_) - size_));
  }

  WrittenImage Finish() { return {size_, hash_.Finish()}; }

 private:
  HashedFile(UniqueFd fd, fs::path path) : fd_(std::move(fd)), path_(std::move(path)) {}

  UniqueFd fd_;
  fs::path path_;
  crypto::Sha256 hash_;
  uint64_t size_ = 0;
};

Result<uint64_t> SquashfsBytes(BlockDevice& file, const fs::path& path) {
  std::array<uint8_t, 96> superblock{};
  if (file.size() < superblock.size()) {
    return Fail(ErrorCode::kCorrupt, path.string() + " is no squashfs");
  }
  MATIC_TRY(file.Read(0, superblock));
  const auto bytes = boot::SquashfsBytesUsed(superblock);
  if (!bytes) return Fail(ErrorCode::kCorrupt, path.string() + " is no squashfs");
  if (*bytes > file.size()) {
    return Fail(ErrorCode::kCorrupt, path.string() + " is cut off: its superblock counts " +
                                         std::to_string(*bytes) + " bytes, the file has " +
                                         std::to_string(file.size()));
  }
  return *bytes;
}

struct Input {
  std::unique_ptr<LinuxBlockDevice> file;
  boot::Section section;
};

// Opens every section and gives it its place and digest.
Result<std::vector<Input>> PlaceSections(std::span<const SectionContent> sections,
                                         uint64_t squashfs_bytes) {
  std::vector<Input> inputs;
  uint64_t offset = RoundUp(squashfs_bytes) + boot::kSectionTableBytes;
  for (const SectionContent& content : sections) {
    MATIC_ASSIGN(auto file, OpenInput(content.content));
    boot::Section section;
    section.type = boot::SectionType(content.type);
    section.offset = offset;
    section.length = file->size();
    if (content.type == boot::kUkiSection && section.length > boot::kMaxUkiBytes) {
      return Fail(ErrorCode::kInvalidArgument, "kernel and initrd together are " +
                                                   std::to_string(section.length) +
                                                   " bytes; the boot selector takes at most " +
                                                   std::to_string(boot::kMaxUkiBytes));
    }
    MATIC_ASSIGN(section.sha256, HashRange(*file, 0, section.length));
    offset = RoundUp(offset + section.length);
    inputs.push_back({std::move(file), section});
  }
  return inputs;
}

}  // namespace

Result<crypto::Digest> SquashfsHeadDigest(const fs::path& squashfs) {
  MATIC_ASSIGN(auto file, OpenInput(squashfs));
  MATIC_ASSIGN(const uint64_t bytes, SquashfsBytes(*file, squashfs));
  std::array<uint8_t, boot::kImageBlockBytes> block{};
  MATIC_TRY(file->Read(0, std::span(block).first(std::min<uint64_t>(bytes, block.size()))));
  return crypto::Sha256Of(block);
}

Result<> CopySquashfs(const fs::path& squashfs, const fs::path& output) {
  MATIC_ASSIGN(auto root, OpenInput(squashfs));
  MATIC_ASSIGN(const uint64_t squashfs_bytes, SquashfsBytes(*root, squashfs));
  MATIC_ASSIGN(auto copy, HashedFile::Create(output));
  MATIC_TRY(copy.AppendFrom(*root, squashfs_bytes));
  return copy.PadToBlock();
}

Result<WrittenImage> WriteImage(const fs::path& squashfs, std::span<const SectionContent> sections,
                                const fs::path& output) {
  MATIC_ASSIGN(auto root, OpenInput(squashfs));
  MATIC_ASSIGN(const uint64_t squashfs_bytes, SquashfsBytes(*root, squashfs));
  MATIC_ASSIGN(const auto inputs, PlaceSections(sections, squashfs_bytes));
  std::vector<boot::Section> table;
  for (const Input& input : inputs) table.push_back(input.section);

  MATIC_ASSIGN(auto image, HashedFile::Create(output));
  MATIC_TRY(image.AppendFrom(*root, squashfs_bytes));
  MATIC_TRY(image.PadToBlock());
  MATIC_TRY(image.Append(boot::EncodeSectionTable(squashfs_bytes, table)));
  for (const Input& input : inputs) {
    MATIC_TRY(image.AppendFrom(*input.file, input.section.length));
    MATIC_TRY(image.PadToBlock());
  }
  return image.Finish();
}

}  // namespace matic::image

#include "lib/squashfs/inodes.h"

#include <sqfs/inode.h>

#include <array>
#include <string>

#include "boot/policy/little_endian.h"

namespace matic::squashfs {
namespace {

constexpr size_t kBaseBytes = 16;
constexpr uint32_t kNoFragment = 0xffffffff;
constexpr uint32_t kStoredUnpacked = 1u << 24;
// At this a name in a folder's index ends; the kernel takes no longer ones.
constexpr uint32_t kMaxNameBytes = 256;

struct FileInode {
  uint64_t start = 0;
  uint64_t bytes = 0;
  uint32_t fragment = kNoFragment;
};

class InodeReader {
 public:
  InodeReader(MetadataSource& source, const Tables& tables)
      : source_(source),
        tables_(tables),
        stream_(source, tables.inode_table, tables.directory_table) {}

  Result<> ReadAll() {
    for (uint32_t i = 0; i < tables_.inodes; ++i) {
      auto read = ReadOne();
      if (!read) return Fail(read.error().Context("squashfs: inode " + std::to_string(i)));
    }
    return stream_.Finish();
  }

 private:
  template <size_t N>
  Result<std::array<uint8_t, N>> Take() {
    std::array<uint8_t, N> bytes{};
    MATIC_TRY(stream_.Read(bytes));
    return bytes;
  }

  Result<> ReadOne() {
    MATIC_ASSIGN(const auto base, Take<kBaseBytes>());
    const uint16_t type = boot::Load16(base, 0);
    switch (type) {
      case SQFS_INODE_DIR:
        return stream_.Skip(16);
      case SQFS_INODE_EXT_DIR:
        return SkipFolder();
      case SQFS_INODE_FILE:
        return ReadFile();
      case SQFS_INODE_EXT_FILE:
        return ReadExtendedFile();
      case SQFS_INODE_SLINK:
      case SQFS_INODE_EXT_SLINK:
        return SkipLink(type == SQFS_INODE_EXT_SLINK);
      case SQFS_INODE_BDEV:
      case SQFS_INODE_CDEV:
        return stream_.Skip(8);
      case SQFS_INODE_EXT_BDEV:
      case SQFS_INODE_EXT_CDEV:
        return stream_.Skip(12);
      case SQFS_INODE_FIFO:
      case SQFS_INODE_SOCKET:
        return stream_.Skip(4);
      case SQFS_INODE_EXT_FIFO:
      case SQFS_INODE_EXT_SOCKET:
        return stream_.Skip(8);
      default:
        return Fail(ErrorCode::kCorrupt, "there is no type " + std::to_string(type));
    }
  }

  Result<> SkipFolder() {
    MATIC_ASSIGN(const auto fields, Take<24>());
    const uint16_t entries = boot::Load16(fields, 16);
    for (uint16_t i = 0; i < entries; ++i) {
      MATIC_ASSIGN(const auto entry, Take<12>());
      const uint32_t name = boot::Load32(entry, 8);
      if (name >= kMaxNameBytes) return Fail(ErrorCode::kCorrupt, "a name without an end");
      MATIC_TRY(stream_.Skip(uint64_t{name} + 1));
    }
    return {};
  }

  Result<> SkipLink(bool extended) {
    MATIC_ASSIGN(const auto fields, Take<8>());
    return stream_.Skip(uint64_t{boot::Load32(fields, 4)} + (extended ? 4 : 0));
  }

  Result<> ReadFile() {
    MATIC_ASSIGN(const auto fields, Take<16>());
    return AddBlocks({boot::Load32(fields, 0), boot::Load32(fields, 12), boot::Load32(fields, 4)});
  }

  Result<> ReadExtendedFile() {
    MATIC_ASSIGN(const auto fields, Take<40>());
    return AddBlocks({boot::Load64(fields, 0), boot::Load64(fields, 8), boot::Load32(fields, 28)});
  }

  Result<> AddBlocks(const FileInode& file) {
    const uint32_t block_bytes = tables_.superblock.block_bytes;
    uint64_t blocks = file.bytes / block_bytes;
    if (file.fragment == kNoFragment && file.bytes % block_bytes != 0) ++blocks;
    uint64_t at = file.start;
    for (uint64_t i = 0; i < blocks; ++i) {
      MATIC_ASSIGN(const auto field, Take<4>());
      const uint32_t size = boot::Load32(field, 0);
      const uint32_t stored = size & ~kStoredUnpacked;
      if (stored == 0) continue;  // a hole
      if (stored > block_bytes) {
        return Fail(ErrorCode::kCorrupt, "a block of " + std::to_string(stored) + " bytes");
      }
      // Data lies in front of the inodes, and so does whatever is in bounds of it.
      if (at > tables_.inode_table) return Fail(ErrorCode::kCorrupt, "a block behind the data");
      MATIC_TRY(source_.found.Add({at, stored, BlockKind::kData, (size & kStoredUnpacked) == 0}));
      at += stored;
    }
    return {};
  }

  MetadataSource& source_;
  const Tables& tables_;
  MetadataStream stream_;
};

}  // namespace

Result<> ReadInodes(MetadataSource& source, const Tables& tables) {
  return InodeReader(source, tables).ReadAll();
}

}  // namespace matic::squashfs

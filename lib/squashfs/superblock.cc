#include "lib/squashfs/superblock.h"

#include <sqfs/error.h>
#include <sqfs/io.h>
#include <sqfs/super.h>

#include <cstring>
#include <string>

#include "boot/policy/little_endian.h"

namespace matic::squashfs {
namespace {

// The library reads from a file of its own kind: these bytes.
struct HeadFile {
  sqfs_file_t file;
  std::span<const uint8_t> head;
};

int ReadHead(sqfs_file_t* file, sqfs_u64 offset, void* buffer, size_t size) {
  const auto head = reinterpret_cast<const HeadFile*>(file)->head;
  if (offset > head.size() || size > head.size() - offset) return SQFS_ERROR_OUT_OF_BOUNDS;
  std::memcpy(buffer, head.data() + offset, size);
  return 0;
}

tl::unexpected<Error> Damaged(const std::string& what) {
  return Fail(ErrorCode::kCorrupt, "squashfs: superblock: " + what);
}

Result<sqfs_super_t> ReadHeader(ReadWindow& window) {
  if (window.device().size() < kSuperblockBytes) {
    return Damaged(std::to_string(window.device().size()) + " bytes are too few for one");
  }
  MATIC_ASSIGN(const auto head, window.Read(0, kSuperblockBytes));
  HeadFile file{{}, head};
  file.file.read_at = ReadHead;
  sqfs_super_t super{};
  const int error = sqfs_super_read(&super, &file.file);
  if (error != 0) {
    return Damaged("no squashfs 4.0 that could be read (libsquashfs says " + std::to_string(error) +
                   ")");
  }
  return super;
}

std::optional<uint64_t> Present(uint64_t table) {
  return table == UINT64_MAX ? std::nullopt : std::optional(table);
}

// mksquashfs says so behind the superblock where the level is not its own default.
Result<int> ReadLevel(ReadWindow& window) {
  constexpr size_t kHeaderBytes = 2;
  if (window.device().size() < kSuperblockBytes + kHeaderBytes + 4) {
    return Damaged("its options are cut short");
  }
  MATIC_ASSIGN(const auto options, window.Read(kSuperblockBytes + kHeaderBytes, 4));
  const uint32_t level = boot::Load32(options, 0);
  constexpr uint32_t kMaxLevel = 22;
  if (level == 0 || level > kMaxLevel) return Damaged("zstd at level " + std::to_string(level));
  return static_cast<int>(level);
}

Result<> CheckOrder(const Tables& tables) {
  uint64_t before = kSuperblockBytes;
  const auto follows = [&](uint64_t table) {
    const bool good = table >= before && table <= tables.superblock.bytes;
    before = table;
    return good;
  };
  if (!follows(tables.inode_table)) return Damaged("the inode table is outside");
  if (!follows(tables.directory_table)) return Damaged("the directory table is outside");
  if (tables.fragment_table && !follows(*tables.fragment_table)) {
    return Damaged("the fragment table is outside");
  }
  if (tables.export_table && !follows(*tables.export_table)) {
    return Damaged("the export table is outside");
  }
  if (!follows(tables.id_table)) return Damaged("the table of owners is outside");
  if (tables.xattr_table && !follows(*tables.xattr_table)) {
    return Damaged("the table of attributes is outside");
  }
  return {};
}

}  // namespace

Result<Tables> ReadTables(ReadWindow& window) {
  MATIC_ASSIGN(const sqfs_super_t super, ReadHeader(window));
  Tables tables;
  tables.superblock = {super.bytes_used, super.block_size, super.compression_id, 0};
  const bool has_options = (super.flags & SQFS_FLAG_COMPRESSOR_OPTIONS) != 0;
  if (has_options && super.compression_id == SQFS_COMP_ZSTD) {
    MATIC_ASSIGN(tables.superblock.level, ReadLevel(window));
  }
  if (super.bytes_used > window.device().size()) {
    return Damaged("it says it is " + std::to_string(super.bytes_used) + " bytes long, there are " +
                   std::to_string(window.device().size()));
  }
  if (super.block_size > kMaxBlockBytes || super.block_size == 0) {
    return Damaged("blocks of " + std::to_string(super.block_size) + " bytes");
  }
  tables.inodes = super.inode_count;
  tables.ids = super.id_count;
  tables.inode_table = super.inode_table_start;
  tables.directory_table = super.directory_table_start;
  if (super.fragment_entry_count > 0) {
    tables.fragments = super.fragment_entry_count;
    tables.fragment_table = Present(super.fragment_table_start);
  }
  tables.export_table = Present(super.export_table_start);
  tables.id_table = super.id_table_start;
  tables.xattr_table = Present(super.xattr_id_table_start);
  MATIC_TRY(CheckOrder(tables));
  return tables;
}

}  // namespace matic::squashfs

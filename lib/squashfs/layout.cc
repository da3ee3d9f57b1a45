#include "lib/squashfs/layout.h"

#include <algorithm>
#include <string>

#include "boot/policy/little_endian.h"
#include "lib/os/read_window.h"
#include "lib/squashfs/block_list.h"
#include "lib/squashfs/codec.h"
#include "lib/squashfs/inodes.h"
#include "lib/squashfs/metadata.h"
#include "lib/squashfs/superblock.h"

namespace matic::squashfs {
namespace {

constexpr size_t kWindowBytes = 256 * 1024;
constexpr size_t kPointerBytes = 8;
constexpr size_t kEntryBytes = 16;  // of a fragment, and of a file's attributes
constexpr uint32_t kStoredUnpacked = 1u << 24;

// The table of offsets at `table`, of the metadata blocks that hold `bytes`.
class OffsetTable {
 public:
  static Result<OffsetTable> Open(MetadataSource& source, const Superblock& superblock,
                                  uint64_t table, uint64_t bytes) {
    const uint64_t blocks = (bytes + kMetadataBytes - 1) / kMetadataBytes;
    if (table > superblock.bytes || blocks > (superblock.bytes - table) / kPointerBytes) {
      return Fail(ErrorCode::kCorrupt,
                  "squashfs: the table at " + std::to_string(table) + " reaches beyond its end");
    }
    return OffsetTable(source, table, blocks);
  }

  uint64_t blocks() const { return blocks_; }

  Result<uint64_t> At(uint64_t index) const {
    MATIC_ASSIGN(const auto field,
                 source_->window.Read(table_ + index * kPointerBytes, kPointerBytes));
    return boot::Load64(field, 0);
  }

  // Where the first of its blocks is; the table itself where it has none.
  Result<uint64_t> Start() const {
    if (blocks_ == 0) return table_;
    MATIC_ASSIGN(const uint64_t first, At(0));
    if (first <= table_) return first;
    return Fail(ErrorCode::kCorrupt, "squashfs: the table at " + std::to_string(table_) +
                                         " names a block behind itself");
  }

  // Adds its blocks; each goes to `use` where they are read.
  template <typename Use>
  Result<> Read(bool unpack, Use use) const {
    std::array<uint8_t, kMetadataBytes> room{};
    for (uint64_t i = 0; i < blocks_; ++i) {
      MATIC_ASSIGN(const uint64_t offset, At(i));
      const auto into = std::span<uint8_t>(room).first(unpack ? room.size() : 0);
      MATIC_ASSIGN(const auto read, ReadMetadataBlock(*source_, offset, table_, into));
      MATIC_TRY(use(std::span<const uint8_t>(room).first(read.unpacked_bytes)));
    }
    return {};
  }
  Result<> Walk() const {
    return Read(false, [](std::span<const uint8_t>) { return Result<>(); });
  }

 private:
  OffsetTable(MetadataSource& source, uint64_t table, uint64_t blocks)
      : source_(&source), table_(table), blocks_(blocks) {}

  MetadataSource* source_;
  uint64_t table_;
  uint64_t blocks_;
};

Result<> AddFragments(MetadataSource& source, const Tables& tables, std::span<const uint8_t> bytes,
                      uint64_t& left) {
  for (; bytes.size() >= kEntryBytes && left > 0; bytes = bytes.subspan(kEntryBytes), --left) {
    const uint64_t offset = boot::Load64(bytes, 0);
    const uint32_t size = boot::Load32(bytes, 8);
    const uint32_t stored = size & ~kStoredUnpacked;
    if (stored == 0) continue;  // of a fragment whose files were all found elsewhere
    if (stored > tables.superblock.block_bytes || offset > tables.inode_table) {
      return Fail(ErrorCode::kCorrupt, "squashfs: a fragment of " + std::to_string(stored) +
                                           " bytes at " + std::to_string(offset));
    }
    MATIC_TRY(
        source.found.Add({offset, stored, BlockKind::kFragment, (size & kStoredUnpacked) == 0}));
  }
  return {};
}

// Attributes: names and values, then what each file has of them, then a header of 16 bytes and the
// table of offsets. Returns where the first of them is.
Result<uint64_t> ReadAttributes(MetadataSource& source, const Tables& tables) {
  const uint64_t table = *tables.xattr_table;
  if (tables.superblock.bytes - table < kEntryBytes) {
    return Fail(ErrorCode::kCorrupt, "squashfs: the table of attributes is cut short");
  }
  MATIC_ASSIGN(const auto header, source.window.Read(table, kEntryBytes));
  const uint64_t values = boot::Load64(header, 0);
  const uint64_t sets = boot::Load32(header, 8);
  MATIC_ASSIGN(const auto offsets, OffsetTable::Open(source, tables.superblock, table + kEntryBytes,
                                                     sets * kEntryBytes));
  MATIC_ASSIGN(const uint64_t start, offsets.Start());
  MATIC_TRY(offsets.Walk());
  const uint64_t end = std::min(start, table);
  MATIC_TRY(WalkMetadata(source, values, end));
  return std::min(values, end);
}

// All tables but inodes and names; returns where the first of them starts, which is where the names
// end.
Result<uint64_t> ReadOffsetTables(MetadataSource& source, const Tables& tables) {
  uint64_t start = tables.superblock.bytes;
  uint64_t fragments_left = tables.fragments;
  const auto keep = [&](std::span<const uint8_t> bytes) {
    return AddFragments(source, tables, bytes, fragments_left);
  };
  const auto read = [&](std::optional<uint64_t> table, uint64_t bytes,
                        bool are_fragments) -> Result<> {
    if (!table) return {};
    MATIC_ASSIGN(const auto offsets, OffsetTable::Open(source, tables.superblock, *table, bytes));
    MATIC_ASSIGN(const uint64_t first, offsets.Start());
    start = std::min(start, first);
    return are_fragments ? offsets.Read(true, keep) : offsets.Walk();
  };
  MATIC_TRY(read(tables.fragment_table, uint64_t{tables.fragments} * kEntryBytes, true));
  MATIC_TRY(read(tables.export_table, uint64_t{tables.inodes} * 8, false));
  MATIC_TRY(read(tables.id_table, uint64_t{tables.ids} * 4, false));
  if (tables.xattr_table) {
    MATIC_ASSIGN(const uint64_t first, ReadAttributes(source, tables));
    start = std::min(start, first);
  }
  return start;
}

}  // namespace

std::optional<Superblock> ReadSuperblock(BlockDevice& device) {
  ReadWindow window(device, 2 * kDirectAlignment);
  const auto tables = ReadTables(window);
  return tables ? std::optional(tables->superblock) : std::nullopt;
}

Result<Layout> ReadLayout(BlockDevice& device, std::stop_token stop) {
  ReadWindow window(device, kWindowBytes);
  MATIC_ASSIGN(const Tables tables, ReadTables(window));
  MATIC_ASSIGN(auto unpacker,
               Unpacker::Create(tables.superblock.compressor, tables.superblock.block_bytes));
  BlockList found(tables.superblock.bytes);
  MetadataSource source{window, unpacker, found, std::move(stop)};
  MATIC_TRY(ReadInodes(source, tables));
  MATIC_ASSIGN(const uint64_t names_end, ReadOffsetTables(source, tables));
  MATIC_TRY(WalkMetadata(source, tables.directory_table, names_end));
  Layout layout{tables.superblock, {}};
  MATIC_ASSIGN(layout.blocks, std::move(found).Cover());
  return layout;
}

}  // namespace matic::squashfs

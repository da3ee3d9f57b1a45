#include "lib/delta/chunk_index.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "boot/policy/crc32.h"
#include "boot/policy/little_endian.h"

namespace matic::delta {
namespace {

constexpr std::string_view kMagic = "MATICIDX";
constexpr uint32_t kVersion = 1;
constexpr size_t kCountAt = 12;
constexpr size_t kImageBytesAt = 16;
constexpr size_t kImageDigestAt = 24;
constexpr size_t kHeaderBytes = 56;
constexpr size_t kEntryBytes = 4 + sizeof(crypto::Digest);
constexpr size_t kChecksumBytes = 4;
// Small blocks are merged, so chunks of an image are larger on average by far.
constexpr uint64_t kSmallestAverage = 4096;

constexpr size_t FileBytes(uint64_t chunks) {
  return static_cast<size_t>(kHeaderBytes + chunks * kEntryBytes + kChecksumBytes);
}

tl::unexpected<Error> Damaged(const std::string& what) {
  return Fail(ErrorCode::kCorrupt, "chunk index: " + what);
}

// Magic, version, length and checksum: after it the entries are what was written.
Result<> CheckFrame(std::span<const uint8_t> file) {
  if (file.size() < FileBytes(0) || !std::ranges::equal(file.first(kMagic.size()), kMagic)) {
    return Damaged("it does not begin with " + std::string(kMagic));
  }
  if (file.size() > kMaxIndexBytes) {
    return Damaged(std::to_string(file.size()) + " bytes are more than the " +
                   std::to_string(kMaxIndexBytes) + " it may have");
  }
  const uint32_t version = boot::Load32(file, kMagic.size());
  if (version != kVersion) {
    return Damaged("its version is " + std::to_string(version) + ", this program reads " +
                   std::to_string(kVersion));
  }
  const uint32_t count = boot::Load32(file, kCountAt);
  if (file.size() != FileBytes(count)) {
    return Damaged(std::to_string(count) + " chunks make " + std::to_string(FileBytes(count)) +
                   " bytes, it has " + std::to_string(file.size()));
  }
  const auto covered = file.first(file.size() - kChecksumBytes);
  if (boot::Crc32(covered) != boot::Load32(file, covered.size())) {
    return Damaged("its checksum is wrong");
  }
  return {};
}

}  // namespace

size_t MaxIndexBytes(uint64_t image_bytes) {
  const uint64_t most = (kMaxIndexBytes - FileBytes(0)) / kEntryBytes;
  return FileBytes(std::min(most, image_bytes / kSmallestAverage + 1024));
}

Result<ChunkIndex> DecodeIndex(std::span<const uint8_t> file) {
  MATIC_TRY(CheckFrame(file));
  ChunkIndex index;
  index.image_bytes = boot::Load64(file, kImageBytesAt);
  std::ranges::copy(file.subspan(kImageDigestAt, index.image_sha256.size()),
                    index.image_sha256.begin());
  index.chunks.resize(boot::Load32(file, kCountAt));
  uint64_t end = 0;
  for (size_t i = 0; i < index.chunks.size(); ++i) {
    const auto entry = file.subspan(kHeaderBytes + i * kEntryBytes, kEntryBytes);
    IndexedChunk& chunk = index.chunks[i];
    chunk.length = boot::Load32(entry, 0);
    if (chunk.length == 0 || chunk.length > kMaxChunkBytes) {
      return Damaged("chunk " + std::to_string(i) + " has " + std::to_string(chunk.length) +
                     " bytes, and may have 1 to " + std::to_string(kMaxChunkBytes));
    }
    std::ranges::copy(entry.subspan(4), chunk.sha256.begin());
    end += chunk.length;
  }
  if (end != index.image_bytes) {
    return Damaged("its chunks add up to " + std::to_string(end) + " bytes, the image has " +
                   std::to_string(index.image_bytes));
  }
  return index;
}

std::vector<uint8_t> EncodeIndex(const ChunkIndex& index) {
  std::vector<uint8_t> file(FileBytes(index.chunks.size()));
  const std::span<uint8_t> bytes(file);
  std::ranges::copy(kMagic, bytes.begin());
  boot::Store32(bytes, kMagic.size(), kVersion);
  boot::Store32(bytes, kCountAt, static_cast<uint32_t>(index.chunks.size()));
  boot::Store64(bytes, kImageBytesAt, index.image_bytes);
  std::ranges::copy(index.image_sha256, bytes.subspan(kImageDigestAt).begin());
  size_t at = kHeaderBytes;
  for (const IndexedChunk& chunk : index.chunks) {
    boot::Store32(bytes, at, chunk.length);
    std::ranges::copy(chunk.sha256, bytes.subspan(at + 4).begin());
    at += kEntryBytes;
  }
  boot::Store32(bytes, at, boot::Crc32(bytes.first(at)));
  return file;
}

}  // namespace matic::delta

// Blocks of a squashfs unpacked, and packed again to the same bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace matic::squashfs {

// The superblock's number.
inline constexpr uint16_t kZstd = 6;

// "zstd", "gzip", …; "compressor 9" where the number is unknown.
std::string CompressorName(uint16_t compressor);

// Through libsquashfs. Keeps one context, so not for several threads.
class Unpacker {
 public:
  // kInvalidArgument for a compressor that libsquashfs was built without.
  static Result<Unpacker> Create(uint16_t compressor, uint32_t block_bytes);
  Unpacker(Unpacker&&) noexcept;
  Unpacker& operator=(Unpacker&&) noexcept;
  ~Unpacker();

  // Returns how many bytes of `out` it filled, more than none. kCorrupt where `stored` is damaged
  // or unpacks to more.
  Result<size_t> Unpack(std::span<const uint8_t> stored, std::span<uint8_t> out);

 private:
  struct Context;
  explicit Unpacker(std::unique_ptr<Context> context);
  std::unique_ptr<Context> context_;
};

// What packs blocks with zstd as mksquashfs does: the same version at the same level gives the same
// bytes, another version need not. Keeps one context, so not for several threads.
class Packer {
 public:
  // "1.5.4", of the libzstd that runs here.
  static std::string Version();

  explicit Packer(int level);
  Packer(Packer&&) noexcept;
  Packer& operator=(Packer&&) noexcept;
  ~Packer();

  // The packed bytes; empty where they would be no fewer than `block`, which is stored as it is
  // then.
  Result<std::vector<uint8_t>> Pack(std::span<const uint8_t> block);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace matic::squashfs

// The streams that a patch consists of, packed with zstd.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lib/base/result.h"

namespace matic::delta {

// What unpacking a stream takes of memory at most, each: 4 MiB.
inline constexpr int kStreamWindowLog = 22;

// All at once. `unpacked_bytes` is what it must unpack to; kCorrupt otherwise.
Result<std::vector<uint8_t>> PackTable(std::span<const uint8_t> table);
Result<std::vector<uint8_t>> UnpackTable(std::span<const uint8_t> packed, size_t unpacked_bytes);

class PackStream {
 public:
  PackStream();
  PackStream(PackStream&&) noexcept;
  ~PackStream();

  // Packed bytes from which all that was given so far can be unpacked.
  Result<std::vector<uint8_t>> Pack(std::span<const uint8_t> bytes);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

class UnpackStream {
 public:
  UnpackStream();
  UnpackStream(UnpackStream&&) noexcept;
  ~UnpackStream();

  // Packed bytes that were fed, and that nothing was unpacked of yet.
  size_t unread_bytes() const;
  // More packed bytes, behind those that are left. The caller bounds how many wait.
  void Feed(std::span<const uint8_t> packed);
  // The next unpacked bytes. kCorrupt where they cannot be had of what was fed.
  Result<> Read(std::span<uint8_t> bytes);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace matic::delta

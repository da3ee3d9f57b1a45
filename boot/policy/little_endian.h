// Numbers as the GPT, squashfs and the section table store them. No alignment needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace matic::boot {

template <typename T>
constexpr T LoadLittleEndian(std::span<const uint8_t> bytes, size_t at) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | static_cast<T>(static_cast<T>(bytes[at + i]) << (8 * i)));
  }
  return value;
}
constexpr uint16_t Load16(std::span<const uint8_t> bytes, size_t at) {
  return LoadLittleEndian<uint16_t>(bytes, at);
}
constexpr uint32_t Load32(std::span<const uint8_t> bytes, size_t at) {
  return LoadLittleEndian<uint32_t>(bytes, at);
}
constexpr uint64_t Load64(std::span<const uint8_t> bytes, size_t at) {
  return LoadLittleEndian<uint64_t>(bytes, at);
}

template <typename T>
constexpr void StoreLittleEndian(std::span<uint8_t> bytes, size_t at, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) bytes[at + i] = static_cast<uint8_t>(value >> (8 * i));
}
constexpr void Store32(std::span<uint8_t> bytes, size_t at, uint32_t value) {
  StoreLittleEndian(bytes, at, value);
}
constexpr void Store64(std::span<uint8_t> bytes, size_t at, uint64_t value) {
  StoreLittleEndian(bytes, at, value);
}

}  // namespace matic::boot

// A GUID as the GPT stores it: the first three fields little endian, the rest in order (UEFI
// specification 2.10, appendix A).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace matic::boot {

struct Guid {
  std::array<uint8_t, 16> bytes{};

  constexpr bool operator==(const Guid&) const = default;
  constexpr bool IsZero() const { return *this == Guid{}; }
};

inline constexpr size_t kGuidTextLength = 36;
using GuidText = std::array<char, kGuidTextLength>;  // not terminated

namespace guid_internal {

// Where byte i of the stored form stands among the 16 pairs of digits of the text.
inline constexpr std::array<uint8_t, 16> kTextOrder = {3, 2, 1,  0,  5,  4,  7,  6,
                                                       8, 9, 10, 11, 12, 13, 14, 15};

constexpr size_t TextOffset(size_t pair) {
  return pair * 2 + (pair >= 4) + (pair >= 6) + (pair >= 8) + (pair >= 10);
}

constexpr int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace guid_internal

// "4f68bce3-e8cd-4db1-96e7-fbcaf984b709", either case; nothing where it is no GUID.
constexpr std::optional<Guid> ParseGuid(std::string_view text) {
  if (text.size() != kGuidTextLength) return std::nullopt;
  for (size_t dash : {size_t{8}, size_t{13}, size_t{18}, size_t{23}}) {
    if (text[dash] != '-') return std::nullopt;
  }
  Guid guid;
  for (size_t i = 0; i < guid.bytes.size(); ++i) {
    const size_t at = guid_internal::TextOffset(guid_internal::kTextOrder[i]);
    const int high = guid_internal::HexDigit(text[at]);
    const int low = guid_internal::HexDigit(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    guid.bytes[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return guid;
}

// Upper case, as systemd writes it to EFI variables and libfdisk prints it.
constexpr GuidText FormatGuid(const Guid& guid) {
  GuidText text{};
  text[8] = text[13] = text[18] = text[23] = '-';
  for (size_t i = 0; i < guid.bytes.size(); ++i) {
    const size_t at = guid_internal::TextOffset(guid_internal::kTextOrder[i]);
    text[at] = "0123456789ABCDEF"[guid.bytes[i] >> 4];
    text[at + 1] = "0123456789ABCDEF"[guid.bytes[i] & 15];
  }
  return text;
}

}  // namespace matic::boot

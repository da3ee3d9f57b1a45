#include "lib/http/reach.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace matic::http {
namespace {

using V6 = std::array<uint8_t, 16>;

using V4 = std::array<uint8_t, 4>;

constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr std::array<uint8_t, 12> kNat64 = {0, 0x64, 0xFF, 0x9B};            // RFC 6052
constexpr std::array<uint8_t, 6> kLocalNat64 = {0, 0x64, 0xFF, 0x9B, 0, 1};  // RFC 8215

// Where clouds answer a machine about itself, beside 169.254.0.0/16: Alibaba Cloud, Azure
// (WireServer, also name server), Oracle Cloud Classic.
constexpr std::array<V4, 3> kMetadata = {
    {{100, 100, 100, 200}, {168, 63, 129, 16}, {192, 0, 0, 192}}};
// AWS (fd00:ec2::254), Google Cloud (fd20:ce::254), Oracle Cloud (fd00:c1::a9fe:a9fe).
constexpr std::array<V6, 3> kMetadataV6 = {
    {{0xFD, 0, 0x0E, 0xC2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54},
     {0xFD, 0x20, 0, 0xCE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54},
     {0xFD, 0, 0, 0xC1, 0, 0, 0, 0, 0, 0, 0, 0, 0xA9, 0xFE, 0xA9, 0xFE}}};

Reach ReachOfV4(const V4& byte) {
  if (byte[0] == 127 || byte[0] == 0) return Reach::kMachine;
  if (byte[0] == 169 && byte[1] == 254) return Reach::kLink;
  if (std::ranges::find(kMetadata, byte) != kMetadata.end()) return Reach::kLink;
  const bool site = byte[0] == 10 || (byte[0] == 172 && byte[1] >= 16 && byte[1] < 32) ||
                    (byte[0] == 192 && byte[1] == 168) ||
                    (byte[0] == 100 && byte[1] >= 64 && byte[1] < 128) ||
                    (byte[0] == 192 && byte[1] == 0 && byte[2] == 0) ||
                    (byte[0] == 198 && (byte[1] & 0xFE) == 18);
  return site ? Reach::kSite : Reach::kWorld;
}

template <size_t N>
bool StartsWith(const V6& bytes, const std::array<uint8_t, N>& prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

bool IsZeroFrom(const V6& bytes, size_t first) {
  return std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(first), bytes.end(),
                     [](uint8_t b) { return b == 0; });
}

Reach ReachOfInner(const V6& bytes, const std::array<size_t, 4>& at) {
  return ReachOfV4({bytes[at[0]], bytes[at[1]], bytes[at[2]], bytes[at[3]]});
}

// How long the prefix is, and so where the IPv4 address lies, is the network's own choice (RFC
// 6052, 2.2). Behind the address there are zeros; where it could be several, the nearest counts.
Reach ReachOfLocalNat64(const V6& bytes) {
  constexpr std::array<std::array<size_t, 4>, 4> kPlaces = {
      {{6, 7, 9, 10}, {7, 9, 10, 11}, {9, 10, 11, 12}, {12, 13, 14, 15}}};
  std::optional<Reach> nearest;
  for (const auto& at : kPlaces) {
    if (bytes[at[0]] == 0 || !IsZeroFrom(bytes, at[3] + 1)) continue;
    nearest = std::max(nearest.value_or(Reach::kWorld), ReachOfInner(bytes, at));
  }
  return nearest.value_or(Reach::kMachine);
}

Reach ReachOfV6(const V6& bytes) {
  // IPv4 in other clothes: mapped, translated, and 6to4 (RFC 3056).
  if (StartsWith(bytes, kMapped) || StartsWith(bytes, kNat64)) {
    return ReachOfInner(bytes, {12, 13, 14, 15});
  }
  if (StartsWith(bytes, kLocalNat64)) return ReachOfLocalNat64(bytes);
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return ReachOfInner(bytes, {2, 3, 4, 5});
  // ::, ::1, and what was once meant for IPv4 in IPv6.
  if (std::all_of(bytes.begin(), bytes.begin() + 12, [](uint8_t b) { return b == 0; })) {
    return Reach::kMachine;
  }
  if (bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0x80) return Reach::kLink;
  if (std::ranges::find(kMetadataV6, bytes) != kMetadataV6.end()) return Reach::kLink;
  const bool site = (bytes[0] & 0xFE) == 0xFC || (bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0xC0);
  return site ? Reach::kSite : Reach::kWorld;
}

}  // namespace

Reach ReachOf(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));
  V4 v4{};
  if (::inet_pton(AF_INET, text.c_str(), v4.data()) == 1) return ReachOfV4(v4);
  V6 v6{};
  if (::inet_pton(AF_INET6, text.c_str(), v6.data()) == 1) return ReachOfV6(v6);
  return Reach::kMachine;
}

std::string_view ReachName(Reach reach) {
  switch (reach) {
    case Reach::kWorld:
      return "the internet";
    case Reach::kSite:
      return "a private network";
    case Reach::kLink:
      return "the local link";
    case Reach::kMachine:
      return "this machine";
  }
  return "";
}

}  // namespace matic::http

#include "lib/http/reach.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

namespace matic::http {
namespace {

using V6 = std::array<uint8_t, 16>;

constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

Reach ReachOfV4(const uint8_t* byte) {
  if (byte[0] == 127 || byte[0] == 0) return Reach::kMachine;
  if (byte[0] == 169 && byte[1] == 254) return Reach::kLink;
  const bool site = byte[0] == 10 || (byte[0] == 172 && byte[1] >= 16 && byte[1] < 32) ||
                    (byte[0] == 192 && byte[1] == 168) ||
                    (byte[0] == 100 && byte[1] >= 64 && byte[1] < 128);
  return site ? Reach::kSite : Reach::kWorld;
}

Reach ReachOfV6(const V6& bytes) {
  if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) return ReachOfV4(&bytes[12]);
  // ::, ::1, and what was once meant for IPv4 in IPv6.
  if (std::all_of(bytes.begin(), bytes.begin() + 12, [](uint8_t b) { return b == 0; })) {
    return Reach::kMachine;
  }
  if (bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0x80) return Reach::kLink;
  return (bytes[0] & 0xFE) == 0xFC ? Reach::kSite : Reach::kWorld;
}

}  // namespace

Reach ReachOf(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));
  std::array<uint8_t, 4> v4{};
  if (::inet_pton(AF_INET, text.c_str(), v4.data()) == 1) return ReachOfV4(v4.data());
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

// SHA-256: what names an image and what its content is checked against.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace matic::crypto {

using Digest = std::array<uint8_t, 32>;

// 64 lower-case hex digits.
std::string ToHex(const Digest& digest);

// kInvalidArgument for anything but 64 hex digits of either case.
Result<Digest> ParseSha256Hex(std::string_view text);

// Fed in pieces of any size.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void Update(std::span<const uint8_t> bytes);
  // The digest of all that was given since the start or the last Finish; it starts anew.
  Digest Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Of bytes that are all at hand.
Digest Sha256Of(std::span<const uint8_t> bytes);

}  // namespace matic::crypto

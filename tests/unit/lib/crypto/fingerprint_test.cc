#include "lib/crypto/fingerprint.h"

#include <gtest/gtest.h>

#include <vector>

namespace matic::crypto {
namespace {

TEST(Fingerprint, IsTheSameOfTheSameBytesOnly) {
  const Fingerprinter fingerprinter;
  std::vector<uint8_t> bytes(100'000, 7);
  const auto was = fingerprinter.Of(bytes);
  EXPECT_EQ(fingerprinter.Of(std::vector<uint8_t>(bytes)), was);
  for (const size_t at : {size_t{0}, size_t{4096}, bytes.size() - 1}) {
    bytes[at] ^= 1;
    EXPECT_NE(fingerprinter.Of(bytes), was) << at;
    bytes[at] ^= 1;
  }
  EXPECT_NE(fingerprinter.Of(std::span(bytes).first(99'999)), was);
}

TEST(Fingerprint, BytesThatHaveChangedPlaces) {
  const Fingerprinter fingerprinter;
  std::vector<uint8_t> bytes(8192, 0);
  bytes[0] = 1;
  std::vector<uint8_t> moved(8192, 0);
  moved[4096] = 1;
  EXPECT_NE(fingerprinter.Of(bytes), fingerprinter.Of(moved));
}

}  // namespace
}  // namespace matic::crypto

#include "lib/crypto/authenticode.h"

#include <gtest/gtest.h>

namespace matic::crypto {
namespace {

// What sbsign makes is read in tests/integration/image_trust_test.py.
TEST(ReadProgramSigners, RefusesWhatIsNoSignature) {
  // An empty SEQUENCE, one of another kind (PKCS #7 data), one that is cut off.
  const std::vector<uint8_t> data = {0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48,
                                     0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
  for (const std::vector<uint8_t>& bytes :
       {std::vector<uint8_t>{}, std::vector<uint8_t>{0x30, 0x00}, data,
        std::vector<uint8_t>{0x30, 0x82, 0xff, 0xff, 0x06}, std::vector<uint8_t>(70'000, 0x30)}) {
    const auto signers = ReadProgramSigners(bytes);
    ASSERT_FALSE(signers) << bytes.size();
    EXPECT_EQ(signers.error().code, ErrorCode::kCorrupt);
  }
}

}  // namespace
}  // namespace matic::crypto

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "boot/policy/crc32.h"
#include "boot/policy/sha256.h"

namespace matic::boot {
namespace {

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string Sha256Hex(std::string_view text, size_t step) {
  Sha256 sha256;
  for (size_t at = 0; at < text.size(); at += step) sha256.Update(Bytes(text.substr(at, step)));
  std::string hex;
  for (uint8_t byte : sha256.Finish()) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

struct Vector {
  std::string text;
  std::string digest;
};

// FIPS 180-4 examples (NIST, "SHA256.pdf" and "SHA2_Additional.pdf").
const Vector kVectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmno"
     "pqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    {std::string(1, '\xbd'), "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"},
    {std::string(55, '\0'), "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"},
    {std::string(56, '\0'), "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"},
    {std::string(57, '\0'), "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785"},
    {std::string(64, '\0'), "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"},
    {std::string(1000, 'A'), "c2e686823489ced2017f6059b8b239318b6364f6dcd835d0a519105a1eadd6e4"},
    {std::string(1000000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

TEST(Sha256Vectors, Match) {
  for (const Vector& vector : kVectors) {
    for (size_t step : {size_t{1}, size_t{63}, size_t{64}, size_t{65}, size_t{1} << 20}) {
      EXPECT_EQ(Sha256Hex(vector.text, step), vector.digest)
          << vector.text.size() << " bytes in steps of " << step;
    }
  }
}

TEST(Crc32Vectors, Match) {
  EXPECT_EQ(Crc32(Bytes("")), 0u);
  EXPECT_EQ(Crc32(Bytes("123456789")), 0xcbf43926u);
}

}  // namespace
}  // namespace matic::boot

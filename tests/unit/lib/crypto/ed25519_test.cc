#include "lib/crypto/ed25519.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "lib/base/hex.h"

namespace matic::crypto {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<uint8_t> Bytes(std::string_view hex) { return *HexDecode(hex); }

PrivateKey KeyOf(std::string_view seed) {
  std::array<uint8_t, 32> bytes{};
  std::ranges::copy(Bytes(seed), bytes.begin());
  return *PrivateKey::FromSeed(bytes);
}

struct Vector {
  const char* seed;
  const char* public_key;
  const char* message;
  const char* signature;
};

// RFC 8032, section 7.1: TEST 1, 2, 3 and SHA(abc).
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
     "b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
     "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
     "c6594a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fe"
     "ebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431"
     "e0303dca179c138ac17ad9bef1177331a704"},
};

TEST(Ed25519, VectorsOfRfc8032) {
  for (const Vector& vector : kVectors) {
    const PrivateKey key = KeyOf(vector.seed);
    EXPECT_EQ(HexEncode(key.public_key().bytes), vector.public_key);
    const Signature signature = *key.Sign(Bytes(vector.message));
    EXPECT_EQ(HexEncode(signature.bytes), vector.signature);
    EXPECT_TRUE(Verify(*ParsePublicKeyHex(vector.public_key), Bytes(vector.message), signature));
  }
}

TEST(Ed25519, AnyFlippedBitIsNoSignature) {
  const PrivateKey key = KeyOf(kVectors[2].seed);
  const std::vector<uint8_t> message = Bytes("af82");
  const Signature good = *key.Sign(message);
  for (size_t bit = 0; bit < 512; ++bit) {
    Signature bad = good;
    bad.bytes[bit / 8] = static_cast<uint8_t>(bad.bytes[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(Verify(key.public_key(), message, bad)) << bit;
  }
  EXPECT_FALSE(Verify(key.public_key(), Bytes("af83"), good));
  EXPECT_FALSE(Verify(key.public_key(), Bytes("af8200"), good));
  EXPECT_FALSE(Verify(KeyOf(kVectors[1].seed).public_key(), message, good));
}

TEST(Ed25519, AnotherFormOfAGoodSignatureIsRefused) {
  // S + L signs the same under a verifier that does not demand S < L (RFC 8032, 5.1.7).
  const PrivateKey key = KeyOf(kVectors[1].seed);
  Signature other = *key.Sign(Bytes("72"));
  const std::vector<uint8_t> order =
      Bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    carry += other.bytes[32 + i] + order[i];
    other.bytes[32 + i] = static_cast<uint8_t>(carry & 0xff);
    carry >>= 8;
  }
  ASSERT_EQ(carry, 0U);
  EXPECT_FALSE(Verify(key.public_key(), Bytes("72"), other));
}

TEST(Ed25519, KeysUnderWhichAnybodyCanSignAreRefused) {
  // With the identity as the key, R = S·B for S = 0 "signs" every message.
  PublicKey identity;
  identity.bytes[0] = 1;
  Signature forged;
  forged.bytes[0] = 1;
  EXPECT_TRUE(IsWeak(identity));
  EXPECT_FALSE(Verify(identity, Bytes("72"), forged));
  for (const char* weak : {"0000000000000000000000000000000000000000000000000000000000000000",
                           "0000000000000000000000000000000000000000000000000000000000000080",
                           "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
                           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    const Result<PublicKey> key = ParsePublicKeyHex(weak);
    ASSERT_FALSE(key) << weak;
    EXPECT_THAT(key.error().message, HasSubstr("anybody can sign"));
  }
}

TEST(Ed25519, TheIdIsTheDigestOfTheRawKey) {
  // printf d75a… | xxd -r -p | sha256sum
  EXPECT_EQ(KeyId(KeyOf(kVectors[0].seed).public_key()),
            "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9");
}

TEST(Ed25519, AKeyGoesThroughPemAndBack) {
  const PrivateKey key = *PrivateKey::Generate();
  const std::string pem = *key.ToPem(std::nullopt);
  EXPECT_THAT(pem, StartsWith("-----BEGIN PRIVATE KEY-----\n"));
  EXPECT_EQ(PrivateKey::FromPem(pem, std::nullopt)->public_key(), key.public_key());
  const std::string public_pem = *ToPem(key.public_key());
  EXPECT_THAT(public_pem, StartsWith("-----BEGIN PUBLIC KEY-----\n"));
  EXPECT_EQ(*ParsePublicKeyPem(public_pem), key.public_key());
  EXPECT_NE(PrivateKey::Generate()->public_key(), key.public_key());
}

TEST(Ed25519, AnEncryptedKeyOpensWithItsPassphraseOnly) {
  const PrivateKey key = *PrivateKey::Generate();
  const std::string pem = *key.ToPem("correct horse");
  EXPECT_THAT(pem, StartsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
  EXPECT_EQ(PrivateKey::FromPem(pem, "correct horse")->public_key(), key.public_key());
  const auto without = PrivateKey::FromPem(pem, std::nullopt);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().message, "the key is encrypted, and no passphrase is given");
  const auto wrong = PrivateKey::FromPem(pem, "battery staple");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(wrong.error().message, HasSubstr("passphrase is wrong"));
  EXPECT_FALSE(PrivateKey::FromPem(pem, std::string(2000, 'x')));
  EXPECT_FALSE(key.ToPem(std::string()));
}

constexpr char kRsaPublic[] = R"(-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDIooX2SA7furGRT1WYBRr/rQgl
hNWEHYr9lz0ouIPrUvEJilx98JBUthpBKFn0E3AeDJXvcdqz2a6nGkOiRCSY2PXJ
DIcepz1OEos8W5YdgoREylKbH6av6xmPRg/CtguovxIAa/4IpdvCqM9sKfm9qhL+
AmPlaNESRiO3Rs9hWwIDAQAB
-----END PUBLIC KEY-----
)";
// Made for this test, of no other use.
constexpr char kEcPrivate[] = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgRHXSvIUWPqjMIk65
XALRIY6/fFB3pKt3g/LIb1nWnlihRANCAATitXr8WUaoLHnH7IopF8bhmsHlAky4
/AGysofpCMBfkj775oEobTFCLhKGvV6uvhAv7Ed/hpuPSU+IKgLoHLJJ
-----END PRIVATE KEY-----
)";

TEST(Ed25519, OtherKindsOfKeysAreNamed) {
  const auto rsa = ParsePublicKeyPem(kRsaPublic);
  ASSERT_FALSE(rsa);
  EXPECT_EQ(rsa.error().message, "not an Ed25519 key but RSA");
  const auto ec = PrivateKey::FromPem(kEcPrivate, std::nullopt);
  ASSERT_FALSE(ec);
  EXPECT_EQ(ec.error().message, "not an Ed25519 key but EC");
}

TEST(Ed25519, WhatIsNoPemIsRefused) {
  const std::string good = *KeyOf(kVectors[0].seed).ToPem(std::nullopt);
  const std::string good_public = *ToPem(KeyOf(kVectors[0].seed).public_key());
  // Without its last line feed it is still a key.
  for (size_t size = 0; size + 1 < good.size(); ++size) {
    EXPECT_FALSE(PrivateKey::FromPem(good.substr(0, size), std::nullopt)) << size;
  }
  for (size_t size = 0; size + 1 < good_public.size(); ++size) {
    EXPECT_FALSE(ParsePublicKeyPem(good_public.substr(0, size))) << size;
  }
  EXPECT_FALSE(ParsePublicKeyPem(good));
  EXPECT_FALSE(PrivateKey::FromPem(good_public, std::nullopt));
  EXPECT_FALSE(ParsePublicKeyPem(std::string(kMaxPemBytes + 1, 'x')));
  EXPECT_FALSE(ParsePublicKeyHex(""));
  EXPECT_FALSE(ParsePublicKeyHex(std::string(64, 'g')));
  EXPECT_FALSE(ParsePublicKeyHex(std::string(63, 'a')));
}

}  // namespace
}  // namespace matic::crypto

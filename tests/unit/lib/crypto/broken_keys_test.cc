// Keys as they come from files and documents, damaged: another key or an error, never a crash.
#include <gtest/gtest.h>

#include "lib/crypto/ed25519.h"
#include "tests/fakes/broken_text.h"

namespace matic::crypto {
namespace {

constexpr size_t kTexts = 2000;

PrivateKey SomeKey() {
  std::array<uint8_t, 32> seed{};
  seed.fill(7);
  return *PrivateKey::FromSeed(seed);
}

void ExpectForPeople(const Error& error) {
  EXPECT_TRUE(error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kCorrupt)
      << error.message;
  EXPECT_LE(error.message.size(), 300U);
}

TEST(BrokenKeys, PublicOnes) {
  const std::string good = *ToPem(SomeKey().public_key());
  for (const std::string& text : fakes::Broken(good, kTexts)) {
    const auto key = ParsePublicKeyPem(text);
    if (!key) {
      ExpectForPeople(key.error());
      continue;
    }
    EXPECT_TRUE(ToPem(*key));
  }
}

TEST(BrokenKeys, PublicOnesInDocuments) {
  const std::string good(64, '5');
  for (const std::string& text : fakes::Broken(good, kTexts)) {
    const auto key = ParsePublicKeyHex(text);
    if (!key) ExpectForPeople(key.error());
    if (text.size() != good.size()) {
      EXPECT_FALSE(key) << text.substr(0, 100);
    }
  }
}

TEST(BrokenKeys, PrivateOnes) {
  for (const std::optional<std::string>& passphrase :
       {std::optional<std::string>(), std::optional<std::string>("secret")}) {
    const std::string good = *SomeKey().ToPem(passphrase);
    // Every try of a passphrase takes its time on purpose.
    for (const std::string& text : fakes::Broken(good, passphrase ? 30 : kTexts)) {
      const auto key = PrivateKey::FromPem(text, passphrase);
      if (key) continue;
      EXPECT_LE(key.error().message.size(), 300U);
      EXPECT_EQ(key.error().message.find("secret"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace matic::crypto

#include "lib/crypto/ed25519.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "lib/base/hex.h"
#include "lib/crypto/private_key.h"
#include "lib/crypto/sha256.h"

namespace matic::crypto {
namespace {

constexpr uint8_t kSignBit = 0x80;  // of the last byte: of x, the rest being y

// The y of every point whose order divides 8, in all the encodings that decoders take (y and y + p,
// where p = 2^255 - 19). Each has the sign bit cleared.
constexpr std::array<std::array<uint8_t, 32>, 7> kSmallOrder = {{
    {0x00},
    {0x01},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
}};

}  // namespace

std::string KeyId(const PublicKey& key) { return ToHex(Sha256Of(key.bytes)); }

bool IsWeak(const PublicKey& key) {
  std::array<uint8_t, 32> y = key.bytes;
  y.back() = static_cast<uint8_t>(y.back() & ~kSignBit);
  return std::ranges::find(kSmallOrder, y) != kSmallOrder.end();
}

Result<PublicKey> ParsePublicKeyHex(std::string_view text) {
  PublicKey key;
  if (text.size() != 2 * key.bytes.size()) {
    return Fail(ErrorCode::kInvalidArgument,
                "not an Ed25519 public key: " + std::to_string(text.size()) +
                    " characters, not 64 hex digits");
  }
  const Result<std::vector<uint8_t>> bytes = HexDecode(text);
  if (!bytes) return Fail(bytes.error().Context("not an Ed25519 public key"));
  std::ranges::copy(*bytes, key.bytes.begin());
  if (IsWeak(key)) {
    return Fail(ErrorCode::kInvalidArgument,
                "a weak Ed25519 public key: a point of small order, under which anybody can sign");
  }
  return key;
}

bool Verify(const PublicKey& key, std::span<const uint8_t> message, const Signature& signature) {
  if (IsWeak(key)) return false;
  const UniqueKey evp(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.bytes.data(), key.bytes.size()));
  const UniqueMdContext context(EVP_MD_CTX_new());
  const bool good =
      evp && context &&
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, evp.get()) == 1 &&
      EVP_DigestVerify(context.get(), signature.bytes.data(), signature.bytes.size(),
                       message.data(), message.size()) == 1;
  if (!good) ClearOpenSslErrors();
  return good;
}

PrivateKey::PrivateKey(std::unique_ptr<Secret> secret, PublicKey public_key)
    : secret_(std::move(secret)), public_key_(public_key) {}
PrivateKey::PrivateKey(PrivateKey&&) noexcept = default;
PrivateKey& PrivateKey::operator=(PrivateKey&&) noexcept = default;
PrivateKey::~PrivateKey() = default;

Result<PrivateKey> PrivateKey::Adopt(std::unique_ptr<Secret> secret) {
  PublicKey key;
  size_t size = key.bytes.size();
  if (!secret->evp ||
      EVP_PKEY_get_raw_public_key(secret->evp.get(), key.bytes.data(), &size) != 1 ||
      size != key.bytes.size()) {
    return Fail(OpenSslError(ErrorCode::kInternal, "making an Ed25519 key"));
  }
  return PrivateKey(std::move(secret), key);
}

Result<PrivateKey> PrivateKey::Generate() {
  auto secret = std::make_unique<Secret>();
  secret->evp.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  return Adopt(std::move(secret));
}

Result<PrivateKey> PrivateKey::FromSeed(std::span<const uint8_t, 32> seed) {
  auto secret = std::make_unique<Secret>();
  secret->evp.reset(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  return Adopt(std::move(secret));
}

Result<Signature> PrivateKey::Sign(std::span<const uint8_t> message) const {
  Signature signature;
  size_t size = signature.bytes.size();
  const UniqueMdContext context(EVP_MD_CTX_new());
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, secret_->evp.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.bytes.data(), &size, message.data(),
                     message.size()) != 1 ||
      size != signature.bytes.size()) {
    return Fail(OpenSslError(ErrorCode::kInternal, "signing with Ed25519"));
  }
  return signature;
}

}  // namespace matic::crypto

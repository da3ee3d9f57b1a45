// Ed25519 signatures (RFC 8032, pure, without a context) and their keys as files.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace matic::crypto {

inline constexpr size_t kMaxPemBytes = 16 * 1024;
inline constexpr size_t kMaxPassphraseBytes = 1000;

struct PublicKey {
  std::array<uint8_t, 32> bytes{};
  auto operator<=>(const PublicKey&) const = default;
};

struct Signature {
  std::array<uint8_t, 64> bytes{};
  bool operator==(const Signature&) const = default;
};

// What a key is called everywhere: the SHA-256 of its 32 bytes, 64 lower-case hex digits.
std::string KeyId(const PublicKey& key);

// Whether `key` is one of the points of small order, under which a signature can be made that fits
// any message: nobody's key.
bool IsWeak(const PublicKey& key);

// kInvalidArgument for anything but 64 hex digits of a key that is not weak.
Result<PublicKey> ParsePublicKeyHex(std::string_view text);

// PEM of a SubjectPublicKeyInfo (RFC 8410). kInvalidArgument where it is none, of another kind of
// key, or weak.
Result<PublicKey> ParsePublicKeyPem(std::string_view pem);
Result<std::string> ToPem(const PublicKey& key);

// False also for a key or a signature that no signer could have made.
bool Verify(const PublicKey& key, std::span<const uint8_t> message, const Signature& signature);

class PrivateKey {
 public:
  static Result<PrivateKey> Generate();
  // The 32 secret bytes that RFC 8032 calls the private key.
  static Result<PrivateKey> FromSeed(std::span<const uint8_t, 32> seed);
  // PEM of PKCS #8 (RFC 8410), as ToPem and `openssl genpkey` write it. kInvalidArgument where it
  // is none, of another kind of key, encrypted and no passphrase given, or the passphrase is wrong.
  static Result<PrivateKey> FromPem(std::string_view pem,
                                    const std::optional<std::string>& passphrase);

  PrivateKey(PrivateKey&&) noexcept;
  PrivateKey& operator=(PrivateKey&&) noexcept;
  ~PrivateKey();

  // PKCS #8; with a passphrase encrypted (PBES2: AES-256-CBC, PBKDF2 with HMAC-SHA-256).
  Result<std::string> ToPem(const std::optional<std::string>& passphrase) const;

  const PublicKey& public_key() const { return public_key_; }
  Result<Signature> Sign(std::span<const uint8_t> message) const;

 private:
  struct Secret;
  PrivateKey(std::unique_ptr<Secret> secret, PublicKey public_key);
  static Result<PrivateKey> Adopt(std::unique_ptr<Secret> secret);

  std::unique_ptr<Secret> secret_;
  PublicKey public_key_;
};

}  // namespace matic::crypto

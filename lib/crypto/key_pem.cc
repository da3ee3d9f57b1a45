// Ed25519 keys as PEM.
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <functional>

#include "lib/crypto/private_key.h"

namespace matic::crypto {
namespace {

using UniquePkcs8 = std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpenSslDeleter<PKCS8_PRIV_KEY_INFO_free>>;
using UniqueEncrypted = std::unique_ptr<X509_SIG, OpenSslDeleter<X509_SIG_free>>;
using UniqueAlgorithm = std::unique_ptr<X509_ALGOR, OpenSslDeleter<X509_ALGOR_free>>;

// OpenSSL's own default, 2048, is of another age. 600,000 is what OWASP asks of PBKDF2 with
// SHA-256.
constexpr int kPbkdf2Iterations = 600'000;

struct Passphrase {
  const std::optional<std::string>& text;
  bool asked = false;
};

// OpenSSL would ask at the terminal otherwise.
int GivePassphrase(char* buffer, int size, int, void* data) {
  auto* passphrase = static_cast<Passphrase*>(data);
  passphrase->asked = true;
  if (!passphrase->text || passphrase->text->size() > static_cast<size_t>(size)) return -1;
  std::ranges::copy(*passphrase->text, buffer);
  return static_cast<int>(passphrase->text->size());
}

Result<UniqueBio> Memory(std::string_view pem) {
  if (pem.size() > kMaxPemBytes) {
    return Fail(ErrorCode::kInvalidArgument,
                "not a PEM key: " + std::to_string(pem.size()) + " bytes are too many");
  }
  UniqueBio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return Fail(OpenSslError(ErrorCode::kInternal, "reading PEM"));
  return bio;
}

Result<std::string> Write(const std::function<int(BIO*)>& write) {
  const UniqueBio bio(BIO_new(BIO_s_mem()));
  if (!bio || write(bio.get()) != 1) {
    return Fail(OpenSslError(ErrorCode::kInternal, "writing PEM"));
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

Result<> CheckKind(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return {};
  const char* kind = EVP_PKEY_get0_type_name(key);
  return Fail(ErrorCode::kInvalidArgument, std::string("not an Ed25519 key but ") +
                                               (kind == nullptr ? "one of another kind" : kind));
}

Result<> CheckPassphrase(const std::string& passphrase) {
  if (!passphrase.empty() && passphrase.size() <= kMaxPassphraseBytes) return {};
  return Fail(ErrorCode::kInvalidArgument, "a passphrase has 1 to " +
                                               std::to_string(kMaxPassphraseBytes) +
                                               " bytes, not " + std::to_string(passphrase.size()));
}

Result<std::string> WriteEncrypted(const EVP_PKEY* key, const std::string& passphrase) {
  MATIC_TRY(CheckPassphrase(passphrase));
  std::array<unsigned char, 16> salt{};
  if (RAND_bytes(salt.data(), salt.size()) != 1) {
    return Fail(OpenSslError(ErrorCode::kInternal, "encrypting a key"));
  }
  const UniquePkcs8 plain(EVP_PKEY2PKCS8(key));
  UniqueAlgorithm algorithm(PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), kPbkdf2Iterations, salt.data(),
                                              static_cast<int>(salt.size()), nullptr,
                                              NID_hmacWithSHA256));
  const UniqueEncrypted encrypted(
      plain && algorithm ? PKCS8_set0_pbe(passphrase.data(), static_cast<int>(passphrase.size()),
                                          plain.get(), algorithm.get())
                         : nullptr);
  if (!encrypted) return Fail(OpenSslError(ErrorCode::kInternal, "encrypting a key"));
  static_cast<void>(algorithm.release());  // `encrypted` owns it now
  return Write([&](BIO* bio) { return PEM_write_bio_PKCS8(bio, encrypted.get()); });
}

}  // namespace

Result<PublicKey> ParsePublicKeyPem(std::string_view pem) {
  if (pem.find("PRIVATE KEY-----") != std::string_view::npos) {
    return Fail(ErrorCode::kInvalidArgument,
                "not a PEM public key but a private one: give NAME.pub, which osctl key generate "
                "puts beside it, or what openssl pkey -in NAME -pubout prints");
  }
  MATIC_ASSIGN(const UniqueBio bio, Memory(pem));
  const std::optional<std::string> none;
  Passphrase passphrase{none};
  const UniqueKey evp(PEM_read_bio_PUBKEY(bio.get(), nullptr, GivePassphrase, &passphrase));
  if (!evp) return Fail(OpenSslError(ErrorCode::kInvalidArgument, "not a PEM public key"));
  MATIC_TRY(CheckKind(evp.get()));
  PublicKey key;
  size_t size = key.bytes.size();
  if (EVP_PKEY_get_raw_public_key(evp.get(), key.bytes.data(), &size) != 1 ||
      size != key.bytes.size()) {
    return Fail(OpenSslError(ErrorCode::kInvalidArgument, "not an Ed25519 public key"));
  }
  if (IsWeak(key)) {
    return Fail(ErrorCode::kInvalidArgument, "a weak public key, under which anybody can sign");
  }
  return key;
}

Result<std::string> ToPem(const PublicKey& key) {
  const UniqueKey evp(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.bytes.data(), key.bytes.size()));
  if (!evp) return Fail(OpenSslError(ErrorCode::kInternal, "writing a public key"));
  return Write([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, evp.get()); });
}

Result<PrivateKey> PrivateKey::FromPem(std::string_view pem,
                                       const std::optional<std::string>& passphrase) {
  if (passphrase) MATIC_TRY(CheckPassphrase(*passphrase));
  MATIC_ASSIGN(const UniqueBio bio, Memory(pem));
  Passphrase given{passphrase};
  auto secret = std::make_unique<Secret>();
  secret->evp.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, GivePassphrase, &given));
  if (!secret->evp) {
    Error error = OpenSslError(ErrorCode::kInvalidArgument, "not a PEM private key");
    if (given.asked) {
      error.message = passphrase ? "the passphrase is wrong, or the key is damaged"
                                 : "the key is encrypted, and no passphrase is given";
    }
    return Fail(error);
  }
  MATIC_TRY(CheckKind(secret->evp.get()));
  return Adopt(std::move(secret));
}

Result<std::string> PrivateKey::ToPem(const std::optional<std::string>& passphrase) const {
  if (passphrase) return WriteEncrypted(secret_->evp.get(), *passphrase);
  return Write([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, secret_->evp.get(), nullptr, nullptr, 0, nullptr,
                                         nullptr);
  });
}

}  // namespace matic::crypto

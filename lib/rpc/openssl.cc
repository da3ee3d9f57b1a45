#include "lib/rpc/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace matic::rpc {
namespace {

UniqueBio Memory(const std::string& text) {
  return UniqueBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Without it OpenSSL asks at the terminal for the passphrase of an encrypted key.
int NoPassphrase(char*, int, int, void*) { return -1; }

}  // namespace

Error OpenSslError(ErrorCode code, const std::string& what) {
  const unsigned long reason = ERR_get_error();
  ERR_clear_error();
  const char* text = reason == 0 ? nullptr : ERR_reason_error_string(reason);
  return Error{code, what + ": " + (text == nullptr ? "OpenSSL gives no reason" : text)};
}

Result<UniqueX509> ReadCertificate(const std::string& pem) {
  UniqueBio bio = Memory(pem);
  UniqueX509 certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)
                             : nullptr);
  if (!certificate) return Fail(OpenSslError(ErrorCode::kCorrupt, "not a PEM certificate"));
  return certificate;
}

Result<UniqueKey> ReadKey(const std::string& pem) {
  UniqueBio bio = Memory(pem);
  UniqueKey key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr) : nullptr);
  if (!key) {
    return Fail(OpenSslError(ErrorCode::kCorrupt, "not a PEM private key without a passphrase"));
  }
  return key;
}

}  // namespace matic::rpc

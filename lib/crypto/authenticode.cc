#include "lib/crypto/authenticode.h"

#include <openssl/bio.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include "lib/crypto/evp.h"

namespace matic::crypto {
namespace {

constexpr size_t kMaxBytes = 64 * 1024;

using UniquePkcs7 = std::unique_ptr<PKCS7, OpenSslDeleter<PKCS7_free>>;
// Owns the stack alone, not what is on it.
struct StackDeleter {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using UniqueSigners = std::unique_ptr<STACK_OF(X509), StackDeleter>;

Result<std::string> SubjectOf(X509& certificate) {
  const UniqueBio text(BIO_new(BIO_s_mem()));
  char* bytes = nullptr;
  if (!text ||
      X509_NAME_print_ex(text.get(), X509_get_subject_name(&certificate), 0, XN_FLAG_RFC2253) < 0) {
    return Fail(OpenSslError(ErrorCode::kCorrupt, "read a signer's name"));
  }
  const long size = BIO_get_mem_data(text.get(), &bytes);
  return std::string(bytes, static_cast<size_t>(size));
}

Result<ProgramSigner> SignerOf(X509& certificate) {
  ProgramSigner signer;
  MATIC_ASSIGN(signer.subject, SubjectOf(certificate));
  unsigned size = 0;
  if (X509_digest(&certificate, EVP_sha256(), signer.certificate_sha256.data(), &size) != 1) {
    return Fail(OpenSslError(ErrorCode::kCorrupt, "read a signer's certificate"));
  }
  return signer;
}

}  // namespace

Result<std::vector<ProgramSigner>> ReadProgramSigners(std::span<const uint8_t> pkcs7) {
  if (pkcs7.size() > kMaxBytes) return Fail(ErrorCode::kCorrupt, "the signature is too long");
  ClearOpenSslErrors();
  const uint8_t* at = pkcs7.data();
  const UniquePkcs7 parsed(d2i_PKCS7(nullptr, &at, static_cast<long>(pkcs7.size())));
  if (!parsed || PKCS7_type_is_signed(parsed.get()) != 1) {
    return Fail(OpenSslError(ErrorCode::kCorrupt, "the signature is no PKCS #7"));
  }
  const UniqueSigners found(PKCS7_get0_signers(parsed.get(), nullptr, 0));
  if (!found) {
    return Fail(OpenSslError(ErrorCode::kCorrupt, "the signature lacks its signer's certificate"));
  }
  std::vector<ProgramSigner> signers;
  for (int i = 0; i < sk_X509_num(found.get()); ++i) {
    MATIC_ASSIGN(auto signer, SignerOf(*sk_X509_value(found.get(), i)));
    signers.push_back(std::move(signer));
  }
  return signers;
}

}  // namespace matic::crypto

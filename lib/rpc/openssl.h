// Owners of OpenSSL's objects, and its errors as ours. Included by the .cc files of this folder
// only.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"

namespace matic::rpc {

template <auto Free>
struct OpenSslDeleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using UniqueBio = std::unique_ptr<BIO, OpenSslDeleter<BIO_free_all>>;
using UniqueX509 = std::unique_ptr<X509, OpenSslDeleter<X509_free>>;
using UniqueCrl = std::unique_ptr<X509_CRL, OpenSslDeleter<X509_CRL_free>>;
using UniqueKey = std::unique_ptr<EVP_PKEY, OpenSslDeleter<EVP_PKEY_free>>;

// "`what`: ", and OpenSSL's oldest reason. Empties its error queue.
Error OpenSslError(ErrorCode code, const std::string& what);

Result<WallTime> ToWallTime(const ASN1_TIME* time);
// RFC 2253; equal for equal names.
std::string NameText(const X509_NAME* name);
// Lower-case hexadecimal.
std::string SerialText(const ASN1_INTEGER* serial);

// What `write` puts out.
Result<std::string> ToPem(const std::function<int(BIO*)>& write);

Result<UniqueX509> ReadCertificate(const std::string& pem);
// All of a text, one at least.
Result<std::vector<UniqueX509>> ReadCertificates(const std::string& pem);
Result<std::vector<UniqueCrl>> ReadCrls(const std::string& pem);
Result<UniqueKey> ReadKey(const std::string& pem);

}  // namespace matic::rpc

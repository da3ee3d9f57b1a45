// Owners of OpenSSL's objects, and its errors as ours. Included by the .cc files of this folder
// only.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "lib/base/result.h"

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
using UniqueKey = std::unique_ptr<EVP_PKEY, OpenSslDeleter<EVP_PKEY_free>>;

// "`what`: ", and OpenSSL's oldest reason. Empties its error queue.
Error OpenSslError(ErrorCode code, const std::string& what);

Result<UniqueX509> ReadCertificate(const std::string& pem);
Result<UniqueKey> ReadKey(const std::string& pem);

}  // namespace matic::rpc

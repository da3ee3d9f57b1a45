// Owners of OpenSSL's objects, and its errors as ours. Included by the .cc files of this folder
// only.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>

#include <memory>
#include <string>

#include "lib/base/result.h"

namespace matic::crypto {

template <auto Free>
struct OpenSslDeleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using UniqueBio = std::unique_ptr<BIO, OpenSslDeleter<BIO_free_all>>;
using UniqueKey = std::unique_ptr<EVP_PKEY, OpenSslDeleter<EVP_PKEY_free>>;
using UniqueMdContext = std::unique_ptr<EVP_MD_CTX, OpenSslDeleter<EVP_MD_CTX_free>>;

void ClearOpenSslErrors();

// "`what`: ", and OpenSSL's oldest reason. Empties its error queue.
Error OpenSslError(ErrorCode code, const std::string& what);

}  // namespace matic::crypto

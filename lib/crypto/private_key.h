// What is behind PrivateKey. Included by the .cc files of this folder only.
#pragma once

#include "lib/crypto/ed25519.h"
#include "lib/crypto/evp.h"

namespace matic::crypto {

struct PrivateKey::Secret {
  UniqueKey evp;  // OpenSSL wipes it when it is freed
};

}  // namespace matic::crypto

#include "lib/crypto/evp.h"

#include <openssl/err.h>

namespace matic::crypto {

void ClearOpenSslErrors() { ERR_clear_error(); }

Error OpenSslError(ErrorCode code, const std::string& what) {
  const unsigned long reason = ERR_get_error();
  ClearOpenSslErrors();
  const char* text = reason == 0 ? nullptr : ERR_reason_error_string(reason);
  return Error{code, what + ": " + (text == nullptr ? "OpenSSL gives no reason" : text)};
}

}  // namespace matic::crypto

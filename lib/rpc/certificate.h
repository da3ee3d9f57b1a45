// What a certificate says: whose it is, until when, and which role it gives (RFC 5280).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/rpc/role.h"

namespace matic::rpc {

struct CertificateInfo {
  std::string common_name;
  WallTime not_before;
  WallTime not_after;
  std::vector<std::string> uris;  // of its subject alternative names
  std::string issuer;             // "CN=Matic authority" (RFC 2253)
  std::string serial;             // lower-case hexadecimal; of an issuer's certificates only one

  // Empty where it names no role or more than one: nobody may guess which was meant.
  std::optional<Role> role() const;
};

// Reads the first certificate of a PEM text. kCorrupt where there is none that can be read.
Result<CertificateInfo> ParseCertificate(const std::string& pem);

// Whether the first certificate was signed with the key of the authority's. Both PEM; kCorrupt
// where one cannot be read.
Result<bool> IsSignedBy(const std::string& certificate_pem, const std::string& authority_pem);

// Whether the private key belongs to the first certificate. Both PEM; kInvalidArgument where they
// do not fit, kCorrupt where one cannot be read.
Result<> CheckKeyFits(const std::string& certificate_pem, const std::string& key_pem);

}  // namespace matic::rpc

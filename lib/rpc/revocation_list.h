// Certificates that an authority has withdrawn before their end (a CRL: RFC 5280, section 5).
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/rpc/certificate.h"
#include "lib/rpc/pki.h"

namespace matic::rpc {

struct Revocation {
  std::string serial;  // as CertificateInfo has it
  WallTime since;
};

class RevocationList {
 public:
  // Nobody is on it.
  RevocationList() = default;

  // One PEM text may hold the lists of several authorities. kCorrupt where it cannot be read;
  // kPermission where a list is not signed by an authority in `ca_pem`; kInvalidArgument where a
  // list covers only a part of its authority's certificates.
  static Result<RevocationList> Parse(const std::string& pem, const std::string& ca_pem);

  // Since when; nothing where the certificate is not on the list.
  std::optional<WallTime> RevokedSince(const CertificateInfo& certificate) const;

  // When the first of the lists should have been replaced by a newer one; nothing where none says.
  std::optional<WallTime> next_update() const { return next_update_; }

  std::vector<Revocation> entries() const;

 private:
  std::map<std::pair<std::string, std::string>, WallTime> revoked_;  // by issuer and serial
  std::optional<WallTime> next_update_;
};

// The PEM text of a new list, which replaces every earlier one of this authority. kInvalidArgument
// where a serial is no hexadecimal number.
Result<std::string> MakeRevocationList(const KeyPair& authority,
                                       std::span<const Revocation> revoked, WallTime now,
                                       Days lifetime);

}  // namespace matic::rpc

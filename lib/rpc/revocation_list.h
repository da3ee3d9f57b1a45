// Certificates that an authority has withdrawn before their end (a CRL: RFC 5280, section 5).
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/rpc/certificate.h"
#include "lib/rpc/pki.h"

namespace matic::rpc {

struct Revocation {
  std::string serial;  // as CertificateInfo has it
  WallTime since;
};

// What one authority has withdrawn.
struct AuthorityRevocations {
  std::string issuer;
  std::string number;  // RFC 5280, 5.2.3, in hexadecimal; empty where the list has none
  WallTime made;
  std::optional<WallTime> next_update;
  std::map<std::string, WallTime> since;  // by serial
  std::string pem;
};

class RevocationList {
 public:
  // Nobody is on it.
  RevocationList() = default;

  // One PEM text may hold the lists of several authorities. kCorrupt where it cannot be read;
  // kPermission where a list is not signed by an authority in `ca_pem`; kInvalidArgument where a
  // list covers only a part of its authority's certificates.
  static Result<RevocationList> Parse(const std::string& pem, const std::string& ca_pem);
  // The same, passing over the lists that no authority in `ca_pem` signed.
  static Result<RevocationList> ParseOurs(const std::string& pem, const std::string& ca_pem);

  // Of each authority the newer one of its lists here and in `before`, by their numbers, or their
  // dates where one has none. `held` gets a sentence for each that is `before`'s, since it is
  // missing or older here.
  RevocationList NewerThan(const RevocationList& before, std::vector<std::string>& held) const;

  // Since when; nothing where the certificate is not on the list.
  std::optional<WallTime> RevokedSince(const CertificateInfo& certificate) const;

  // When the first of the lists should have been replaced by a newer one; nothing where none says.
  std::optional<WallTime> next_update() const;

  std::vector<Revocation> entries() const;
  // No list at all, which is not the same as one without entries.
  bool empty() const { return lists_.empty(); }
  // What Parse reads as this.
  std::string pem() const;
  // The highest one, in hexadecimal; empty where none has a number.
  std::string number() const;

 private:
  static Result<RevocationList> ParseAll(const std::string& pem, const std::string& ca_pem,
                                         bool pass_over_others);

  std::map<std::string, AuthorityRevocations> lists_;  // by the digest of the authority's key
};

// The PEM text of a new list, which replaces every earlier one of this authority, and `before` too
// where the clock went back since. kInvalidArgument where a serial is no hexadecimal number.
Result<std::string> MakeRevocationList(const KeyPair& authority,
                                       std::span<const Revocation> revoked, WallTime now,
                                       Days lifetime, const RevocationList& before = {});

}  // namespace matic::rpc

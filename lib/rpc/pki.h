// Makes the certificates that mutual TLS needs: an authority of one's own, and what it signs
// (X.509v3, RFC 5280; keys are ECDSA P-256). Enough to set a fleet up in a minute; those who have a
// PKI give their certificates a role with the URI that lib/rpc/role.h names.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/rpc/certificate.h"
#include "lib/rpc/role.h"

namespace matic::rpc {

struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;  // PKCS #8, not encrypted
};

using Days = std::chrono::duration<int64_t, std::ratio<86400>>;

inline constexpr Days kAuthorityLifetime{3650};
inline constexpr Days kLeafLifetime{825};

// What a certificate is issued for. A server has hosts and no role; a client the reverse.
struct LeafRequest {
  std::string name;                // common name: what audit lines call it
  std::optional<Role> role;        // of a client; a server without
  std::vector<std::string> hosts;  // DNS names and IP addresses, of a server
  Days lifetime = kLeafLifetime;
};

// Valid from an hour before `now`, since clocks differ. kInvalidArgument where a name is empty, has
// control characters or is longer than 64 bytes.
Result<KeyPair> MakeAuthority(const std::string& name, WallTime now);

// kInvalidArgument where the request cannot be right, the authority's key is not its certificate's,
// or its certificate ends before `now`. A leaf never outlives its authority.
Result<KeyPair> IssueLeaf(const KeyPair& authority, const LeafRequest& request, WallTime now);

// Files of the authority: `folder`/ca.pem and ca.key (0600). Both are written durably, the key
// first: after a power loss there is no certificate without its key. kRefused where there is a
// ca.key, always; or a ca.pem, unless forced. Read, the key must be hidden from others:
// kPermission where it is not.
Result<> WriteAuthority(const std::filesystem::path& folder, const KeyPair& authority, bool force);
Result<KeyPair> ReadAuthority(const std::filesystem::path& folder);

// `folder`/ca.pem, and server.pem with server.key (0600) or client.pem with client.key (0600).
// kRefused where one of the pair exists, or where ca.pem is another authority's, unless forced.
Result<> WriteLeaf(const std::filesystem::path& folder, const std::string& ca_pem,
                   const KeyPair& leaf, bool server, bool force);

// Keeps what was issued, as `folder`/issued/SERIAL.pem, so that it can be revoked by its name when
// whoever had it has lost it.
Result<> RecordIssued(const std::filesystem::path& folder, const std::string& certificate_pem);
Result<std::vector<CertificateInfo>> ReadIssued(const std::filesystem::path& folder);

}  // namespace matic::rpc

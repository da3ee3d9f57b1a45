// The files that mutual TLS needs, read from one folder: ca.pem, NAME.pem, NAME.key; and crl.pem,
// which may be missing.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/rpc/certificate.h"
#include "lib/rpc/revocation_list.h"

namespace matic::rpc {

enum class Side { kServer, kClient };

struct TlsFiles {
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
  CertificateInfo certificate;
  WallTime ca_not_after;   // of the authority that ends first
  RevocationList revoked;  // of a server; empty where there is no crl.pem
};

inline constexpr std::string_view kRevocationListFile = "crl.pem";
inline constexpr std::string_view kServerFiles[] = {"ca.pem", "server.pem", "server.key",
                                                    kRevocationListFile};

// Empty where there is no such file; errors name it.
Result<RevocationList> LoadRevocationList(const std::filesystem::path& file,
                                          const std::string& ca_pem);

// "server" or "client": the name of the side's files.
std::string_view SideName(Side side);

// kNotFound where one of the three files is missing, kPermission where it may not be read or a
// client's key may be read by everybody, kCorrupt or kInvalidArgument where they cannot be used.
// Every error names its file. An expired certificate is read without complaint: the peer decides.
// So is a revocation list that should have been replaced: what it withdraws stays withdrawn.
Result<TlsFiles> LoadTlsFiles(const std::filesystem::path& folder, Side side);

// Of the first folder that has a server's certificate or key. A folder whose files are broken is an
// error: falling back would trust another authority unasked. kNotFound where no folder has one,
// kPermission for one whose files others than root can change.
Result<TlsFiles> LoadServerFiles(const std::vector<std::filesystem::path>& folders);

}  // namespace matic::rpc

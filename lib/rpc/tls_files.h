// The files that mutual TLS needs, read from one folder: ca.pem, NAME.pem, NAME.key.
#pragma once

#include <filesystem>
#include <string>

#include "lib/base/result.h"
#include "lib/rpc/certificate.h"

namespace matic::rpc {

enum class Side { kServer, kClient };

struct TlsFiles {
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
  CertificateInfo certificate;
};

// "server" or "client": the name of the side's files.
std::string_view SideName(Side side);

// kNotFound where one of the three files is missing, kPermission where it may not be read, kCorrupt
// or kInvalidArgument where they cannot be used. Every error names its file. An expired certificate
// is read without complaint: the peer decides.
Result<TlsFiles> LoadTlsFiles(const std::filesystem::path& folder, Side side);

}  // namespace matic::rpc

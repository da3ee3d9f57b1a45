// What osctl shows to nodes over TLS, so that they know who calls.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "lib/base/result.h"
#include "lib/rpc/tls_files.h"

namespace matic::osctl {

// Read once for many nodes: to read and to check the files takes as long as a handshake.
struct Identity {
  std::filesystem::path folder;  // for messages
  rpc::TlsFiles files;
};

// Of ~/.config/matic/pki where `pki_dir` is empty. kPermission where the files are missing or may
// not be read, kCorrupt or kInvalidArgument where they cannot be used.
Result<std::shared_ptr<const Identity>> LoadIdentity(const std::string& pki_dir);

}  // namespace matic::osctl

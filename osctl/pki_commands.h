// What the commands of osctl pki share.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "lib/rpc/pki.h"
#include "osctl/session.h"

namespace matic::osctl {

// An authority that is not there is answered with the command that makes one.
Result<rpc::KeyPair> ReadAuthority(const std::string& folder);

void AddPkiRevokeCommand(CLI::App& pki, Session& session);

}  // namespace matic::osctl

// The files that TCP is served with: whether they changed, and when they end.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/time.h"
#include "lib/rpc/tls_files.h"

namespace matic::api {

// Changes whenever one of the files does.
std::string Fingerprint(const std::vector<std::filesystem::path>& folders);

// Of the first key there is, which everybody may read; empty where all is well. It is served with
// all the same: a machine that cannot be reached any more is worse.
std::string KeyProblem(const std::vector<std::filesystem::path>& folders);

// What has ended at `now`, or ends within 30 days.
std::vector<std::string> EndingProblems(const rpc::TlsFiles& files, WallTime now);

}  // namespace matic::api

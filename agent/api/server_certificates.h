// The files that TCP is served with: where they are, whether they changed, and when they end.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/rpc/tls_files.h"

namespace matic::api {

// Of the first folder that has a server's certificate or key. A folder whose files are broken is an
// error: falling back would trust another authority unasked.
Result<rpc::TlsFiles> LoadServerFiles(const std::vector<std::filesystem::path>& folders);

// Changes whenever one of the files does.
std::string Fingerprint(const std::vector<std::filesystem::path>& folders);

// What has ended at `now`, or ends within 30 days.
std::vector<std::string> EndingProblems(const rpc::TlsFiles& files, WallTime now);

}  // namespace matic::api

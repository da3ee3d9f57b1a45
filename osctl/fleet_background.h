// A process that carries out what is left of a fleet's run, and outlives the one that began it.
#pragma once

#include <filesystem>
#include <string>

#include "osctl/session.h"

namespace matic::osctl {

// osctl fleet run --resume, of the same fleet.yaml and certificates, in a session of its own; what
// it says goes to `log`, which is replaced. Returns once it carries the run out, or has.
Result<> CarryInBackground(const Session& session, const std::filesystem::path& fleet_file,
                           const std::filesystem::path& journal, const std::filesystem::path& log);

}  // namespace matic::osctl

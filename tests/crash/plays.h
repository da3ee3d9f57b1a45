// What people and failures do to the machine of a story, from its first start on.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "tests/crash/machine.h"

namespace matic::crash {

using Play = std::function<Result<>(Machine&)>;

// Of a machine that runs, to that system, with all restarts that it takes.
Result<> Update(Machine& machine, const std::string& version);

// One after the other.
Play Updates(std::vector<std::string> versions);

// Most of it is here: no more than `bytes` are fetched.
Play UpdateFetching(const std::string& version, uint64_t bytes);
Result<> UpdateAndRollBack(Machine& machine);
Result<> CancelStaged(Machine& machine);
Result<> CancelDownload(Machine& machine);
Result<> CancelActivated(Machine& machine);
Result<> ActivateStaged(Machine& machine);
Result<> CancelOnTrial(Machine& machine);
Result<> RollBackOnTrial(Machine& machine);

// The power fails while the agent changes the table on trial: the backup is torn.
Result<> BackupTornOnTrial(Machine& machine);
Result<> RebootOnTrial(Machine& machine);

// Nobody asked for a way back: what fails its checks stays.
Result<> UnhealthyStays(Machine& machine);
Result<> WrongDigest(Machine& machine);

// What the first one has left is gone on from.
Result<> CutDownload(Machine& machine);

}  // namespace matic::crash

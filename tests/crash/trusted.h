// What a machine trusts, as it outlives a power loss.
#pragma once

#include <string>

#include "lib/base/result.h"
#include "lib/trust/trust_state.h"
#include "tests/crash/disk.h"
#include "tests/crash/medium.h"

namespace matic::crash {

// Of nothing where there is none. kCorrupt where it cannot be read, or tells of a root document
// that is not there: with that no signature would be taken again.
Result<trust::TrustState> TrustIn(const Medium& medium);

// A system that is not confirmed shuts out none that is.
Result<> JudgeFloor(const std::string& floor, const DiskView& disk);

// Nothing of what was remembered is forgotten.
Result<> JudgeRemembered(const trust::TrustState& before, const trust::TrustState& after);

}  // namespace matic::crash

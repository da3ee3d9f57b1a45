// What a machine remembers of what it verified: a file on the state partition.

#include "lib/trust/trust_state.h"
#include "lib/trust/version.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace matic;
  const auto state = trust::ParseTrustState(fuzz::Text(data, size));
  if (!state) {
    FUZZ_CLAIM(state.error().code == ErrorCode::kCorrupt);
    return 0;
  }
  FUZZ_CLAIM(state->channels.size() <= trust::kMaxChannels);
  const std::string written = trust::FormatTrustState(*state);
  const auto back = trust::ParseTrustState(written);
  FUZZ_CLAIM(back.has_value());
  // Nothing of it is forgotten: an attacker would gain by each.
  FUZZ_CLAIM(back->root_version == state->root_version);
  FUZZ_CLAIM(back->manifest_key_ids == state->manifest_key_ids);
  FUZZ_CLAIM(back->version_floor == state->version_floor);
  FUZZ_CLAIM(back->channels == state->channels);
  FUZZ_CLAIM(back->last_verified_time == state->last_verified_time);
  FUZZ_CLAIM(back->other_keys == state->other_keys);
  FUZZ_CLAIM(trust::FormatTrustState(*back) == written);

  // The floor is never lowered.
  const auto raised = trust::RaiseFloor(*state, "1.0");
  FUZZ_CLAIM(raised.has_value());
  if (!state->version_floor.empty()) {
    FUZZ_CLAIM(trust::CompareVersions(raised->version_floor, state->version_floor) >= 0);
  }
  FUZZ_CLAIM(trust::CompareVersions(raised->version_floor, "1.0") >= 0);
  return 0;
}

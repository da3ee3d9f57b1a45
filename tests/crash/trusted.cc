#include "tests/crash/trusted.h"

#include <algorithm>
#include <string>

#include "lib/trust/root.h"
#include "lib/trust/version.h"
#include "tests/crash/publisher.h"

namespace matic::crash {
namespace {

constexpr const char* kRootFile = "trust/root.json";
constexpr const char* kStateFile = "trust/state.json";

auto Broken(const std::string& what) { return Fail(ErrorCode::kCorrupt, what); }

// The newer one of what it was installed with and what it has adopted.
Result<uint64_t> RootVersionIn(const Medium& medium) {
  MATIC_ASSIGN(const trust::Root configured, trust::ParseConfiguredRoot(ConfiguredRoot()));
  const auto file = medium.files.find(kRootFile);
  if (file == medium.files.end()) return configured.version;
  const Result<trust::Root> adopted = trust::ParseConfiguredRoot(file->second);
  if (!adopted) return Broken(std::string(kRootFile) + " cannot be read");
  return std::max(configured.version, adopted->version);
}

}  // namespace

Result<trust::TrustState> TrustIn(const Medium& medium) {
  const auto file = medium.files.find(kStateFile);
  Result<trust::TrustState> state =
      trust::ParseTrustState(file == medium.files.end() ? "" : file->second);
  if (!state) return Broken(std::string(kStateFile) + " cannot be read");
  MATIC_ASSIGN(const uint64_t root, RootVersionIn(medium));
  if (state->root_version <= root) return state;
  return Broken("root document " + std::to_string(state->root_version) +
                " was adopted, and is not there");
}

Result<> JudgeFloor(const std::string& floor, const DiskView& disk) {
  const auto is_let_in = [&](const SlotView& slot) {
    return slot.attributes.successful && slot.whole != nullptr &&
           trust::CompareVersions(slot.whole->version, floor) >= 0;
  };
  if (std::ranges::any_of(disk.slots, is_let_in)) return {};
  return Broken("versions before " + floor + " are shut out, and no other one is confirmed");
}

Result<> JudgeRemembered(const trust::TrustState& before, const trust::TrustState& after) {
  if (after.root_version < before.root_version) return Broken("an adopted root document is lost");
  if (trust::CompareVersions(after.version_floor, before.version_floor) < 0) {
    return Broken("versions before " + before.version_floor + " are no longer shut out");
  }
  if (after.last_verified_time < before.last_verified_time) {
    return Broken("the last verified time went back");
  }
  for (const auto& [channel, time] : before.channels) {
    const auto later = after.channels.find(channel);
    if (later == after.channels.end() || later->second < time) {
      return Broken("older manifests of " + channel + " are taken again");
    }
  }
  return {};
}

}  // namespace matic::crash

// What this machine trusts and remembers, on disk: root.json and state.json in a folder of its own
// (docs/formats.md, "Trust state").
#pragma once

#include <filesystem>
#include <string>

#include "lib/base/result.h"
#include "lib/trust/fetch.h"
#include "lib/trust/root.h"
#include "lib/trust/trust_state.h"

namespace matic::channel {

struct Trusted {
  trust::Root root;
  trust::TrustState state;
};

// Keeps nothing in memory: a root document that an administrator puts in place counts from the next
// call on. Not thread-safe.
class TrustStore {
 public:
  // `configured_root` is the document that trust starts from; `folder` is made when needed.
  TrustStore(std::filesystem::path configured_root, std::filesystem::path folder)
      : configured_root_(std::move(configured_root)), folder_(std::move(folder)) {}

  // kRefused where there is no configured root document, whatever was adopted before; kCorrupt
  // where it is none; kPermission where others than root can change it.
  Result<trust::Root> ConfiguredRoot() const;

  // The newer one of the configured and the adopted root document, adopted, with the state under
  // it. A corrupt file is set aside: for root.json the configured document stands in, which then
  // has to be led on from (DocumentFetcher::FollowRoots); for state.json, or none yet, the state is
  // new with `running_version` as its floor. kPermission where others than root can change them.
  //
  // Where the configured document is older than what the state tells of, it is returned as it is;
  // VerifyManifest refuses it unless it is led on from.
  Result<Trusted> Load(const std::string& running_version);

  // Root document first, then the state: after a power loss between, Load adopts once more.
  Result<Trusted> Adopt(const trust::TrustState& state, const trust::FetchedRoot& next);

  // As the state on disk has it; 1970 where none can be read.
  WallTime LastVerifiedTime() const;

  // Durable when it returns.
  Result<> Save(const trust::TrustState& state);

 private:
  Result<trust::Root> NewestRoot();
  Result<trust::TrustState> LoadState(const std::string& running_version);
  std::filesystem::path RootFile() const { return folder_ / "root.json"; }
  std::filesystem::path StateFile() const { return folder_ / "state.json"; }

  std::filesystem::path configured_root_;
  std::filesystem::path folder_;
};

}  // namespace matic::channel

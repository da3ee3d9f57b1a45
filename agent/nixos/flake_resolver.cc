#include "agent/nixos/flake_resolver.h"

#include <utility>

namespace matic::nixos {

void FlakeResolver::Configure(std::string flake) {
  const std::scoped_lock lock(mutex_);
  flake_ = std::move(flake);
}

Result<> FlakeResolver::Check(const std::string& source, const std::string& sha256) {
  MATIC_TRY(Resolve(source, sha256, "", {}));
  return {};
}

Result<engine::ResolvedSource> FlakeResolver::Resolve(const std::string& source,
                                                      const std::string& sha256, const std::string&,
                                                      std::stop_token) {
  if (!sha256.empty()) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "a digest belongs to an image; this is a Nix host, whose systems are named by their "
        "paths in the store");
  }
  const std::scoped_lock lock(mutex_);
  if (source.empty() && flake_.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "no flake and no store path is named, and none is configured (nixos.flake)");
  }
  return engine::ResolvedSource{source.empty() ? flake_ : source, "", "", 0};
}

}  // namespace matic::nixos

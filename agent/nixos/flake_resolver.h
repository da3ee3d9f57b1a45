// What an update of a Nix host is made of: a flake, or a system in the store. Nothing is fetched
// here; the build does that.
#pragma once

#include <mutex>
#include <string>

#include "agent/engine/source_resolver.h"

namespace matic::nixos {

class FlakeResolver final : public engine::SourceResolver {
 public:
  // `flake` is the configured one; empty: none is.
  explicit FlakeResolver(std::string flake) : flake_(std::move(flake)) {}

  // Thread-safe.
  void Configure(std::string flake);

  // kInvalidArgument for a digest, which a store path has in its name, and where nothing is named
  // or configured.
  Result<> Check(const std::string& source, const std::string& sha256) override;
  Result<engine::ResolvedSource> Resolve(const std::string& source, const std::string& sha256,
                                         const std::string& running_version,
                                         std::stop_token stop) override;
  void Confirmed(const std::string&) override {}

 private:
  mutable std::mutex mutex_;
  std::string flake_;
};

}  // namespace matic::nixos

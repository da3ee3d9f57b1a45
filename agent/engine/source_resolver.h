// From the words of a schedule to the one image that they stand for.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <utility>

#include "agent/update/state.h"
#include "lib/base/result.h"

namespace matic::engine {

// What a schedule names, brought down to one image: a signed manifest or channel is fetched and
// verified.
struct ResolvedSource {
  std::string source;
  std::string sha256;
  std::string version;  // of the verified manifest; empty: none was asked
  uint64_t size_bytes = 0;
  update::DeltaFiles delta = {};
};

class SourceResolver {
 public:
  virtual ~SourceResolver() = default;

  // Whether such words could be resolved at all; no network. An empty source is the configured
  // channel. kInvalidArgument, or kRefused where no root is configured / signatures are demanded.
  virtual Result<> Check(const std::string& source, const std::string& sha256) = 0;

  // Fetches and verifies. Errors as lib/trust's and lib/http's.
  virtual Result<ResolvedSource> Resolve(const std::string& source, const std::string& sha256,
                                         const std::string& running_version,
                                         std::stop_token stop) = 0;

  // The same for somebody who only asks: nothing that comes of it is kept.
  virtual Result<ResolvedSource> Look(const std::string& source, const std::string& sha256,
                                      const std::string& running_version, std::stop_token stop) {
    return Resolve(source, sha256, running_version, std::move(stop));
  }

  // An update to `version` was confirmed: nothing older of a manifest is taken from now on. Errors
  // are logged by the callee.
  virtual void Confirmed(const std::string& version) = 0;
};

}  // namespace matic::engine

// Whether a manifest may be followed by this machine, now. Pure: the time, the trusted root and
// what the machine remembers are given.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/trust/manifest.h"
#include "lib/trust/root.h"
#include "lib/trust/trust_state.h"

namespace matic::trust {

// The machine that is to be updated.
struct Expectation {
  std::string product;
  std::string architecture;     // as OwnArchitecture has it
  std::string channel;          // that is followed (ChannelOf); empty: no channel, any manifest
  std::string running_version;  // empty: unknown
  WallTime now;
  // Set by the network or a clock that ran on, so that `released` cannot lie ahead of it. Without,
  // `now` is taken as the earliest that it can be.
  bool clock_is_set = true;
};

// A manifest that VerifyManifest has let through; there is no other way to get one.
class VerifiedManifest {
 public:
  const Manifest& manifest() const { return manifest_; }
  const std::vector<std::string>& signers() const { return signers_; }  // key ids

 private:
  VerifiedManifest(Manifest manifest, std::vector<std::string> signers)
      : manifest_(std::move(manifest)), signers_(std::move(signers)) {}
  friend Result<VerifiedManifest> VerifyManifest(const SignedDocument& document, const Root& root,
                                                 const TrustState& state,
                                                 const Expectation& expected);
  Manifest manifest_;
  std::vector<std::string> signers_;
};

// In this order:
//   kRefused          `root` is older than one that was adopted, or has expired
//   kPermission       too few of its manifest keys signed; a `Root{}`, where none is configured, is
//                     met by no signature
//   kCorrupt          too large, or not of the format
//   kRefused          another product, architecture or channel; expired; released after `now`;
//                     older than what the channel had before, or than the version floor; the
//                     running version is older than the manifest's minimum
//   kInvalidArgument  `expected` has no product or architecture
// "Expired" is judged by `now` or the last verified time, whichever is later.
Result<VerifiedManifest> VerifyManifest(const SignedDocument& document, const Root& root,
                                        const TrustState& state, const Expectation& expected);

// The state that remembers a manifest which was verified, to be persisted before it is acted upon.
// The version floor stays: RaiseFloor, once the update is confirmed.
TrustState Remember(TrustState state, const VerifiedManifest& verified);

}  // namespace matic::trust

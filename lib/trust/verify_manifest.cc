#include "lib/trust/verify_manifest.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "lib/trust/version.h"

namespace matic::trust {
namespace {

// Clocks of signers differ from ours, and a build machine's time zone may be wrong.
constexpr std::chrono::hours kClockSkew{24};

Error Refused(std::string message) { return Error{ErrorCode::kRefused, std::move(message)}; }

Result<> CheckExpectation(const Expectation& expected) {
  if (!expected.product.empty() && !expected.architecture.empty()) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "a manifest is verified for a product and an architecture, and none is configured");
}

Result<> CheckRoot(const Root& root, const TrustState& state, WallTime now) {
  if (root.version < state.root_version) {
    return Fail(Refused("root document " + std::to_string(root.version) + " was replaced: " +
                        std::to_string(state.root_version) + " was adopted before"));
  }
  // Where none is configured, the signatures are what is missing, not time.
  if (root.version == 0 || now < root.expires) return {};
  return Fail(Refused("root document " + std::to_string(root.version) + " expired at " +
                      FormatTime(root.expires) + "; publish the next one"));
}

Result<> CheckTarget(const Manifest& manifest, const Expectation& expected) {
  if (manifest.product != expected.product) {
    return Fail(Refused("the manifest is for the product '" + manifest.product +
                        "', and this machine is a '" + expected.product + "'"));
  }
  if (manifest.architecture != expected.architecture) {
    return Fail(Refused("the manifest is for " + manifest.architecture + ", and this machine is " +
                        expected.architecture));
  }
  if (!expected.channel.empty() && manifest.channel != expected.channel) {
    return Fail(Refused(
        "the manifest is of " +
        (manifest.channel.empty() ? "no channel" : "the channel '" + manifest.channel + "'") +
        ", and '" + expected.channel + "' is followed"));
  }
  return {};
}

Result<> CheckTimes(const Manifest& manifest, const TrustState& state, const Expectation& expected,
                    WallTime now) {
  if (now >= manifest.expires) {
    return Fail(Refused("the manifest of version " + manifest.version + " expired at " +
                        FormatTime(manifest.expires) + ", and it is " + FormatTime(now) +
                        "; whoever serves it may be holding back a newer one"));
  }
  if (expected.clock_is_set && manifest.released > now + kClockSkew) {
    return Fail(Refused("the manifest says that it was released at " +
                        FormatTime(manifest.released) + ", and it is only " + FormatTime(now)));
  }
  if (manifest.channel.empty()) return {};
  const auto seen = state.channels.find(manifest.channel);
  if (seen != state.channels.end() && manifest.released < seen->second) {
    return Fail(Refused("the channel '" + manifest.channel + "' had a manifest released at " +
                        FormatTime(seen->second) + " before, and this one is of " +
                        FormatTime(manifest.released)));
  }
  return {};
}

Result<> CheckVersions(const Manifest& manifest, const TrustState& state,
                       const Expectation& expected) {
  if (!state.version_floor.empty() && CompareVersions(manifest.version, state.version_floor) < 0) {
    return Fail(Refused("version " + manifest.version + " is older than " + state.version_floor +
                        ", which was confirmed here"));
  }
  if (manifest.minimum_version.empty()) return {};
  if (expected.running_version.empty()) {
    return Fail(Refused("version " + manifest.version + " updates from " +
                        manifest.minimum_version +
                        " on, and the version of the running system is unknown"));
  }
  if (CompareVersions(expected.running_version, manifest.minimum_version) < 0) {
    return Fail(Refused("version " + manifest.version + " updates from " +
                        manifest.minimum_version + " on, and " + expected.running_version +
                        " is running; update to " + manifest.minimum_version + " first"));
  }
  return {};
}

}  // namespace

Result<VerifiedManifest> VerifyManifest(const SignedDocument& document, const Root& root,
                                        const TrustState& state, const Expectation& expected) {
  MATIC_TRY(CheckExpectation(expected));
  const WallTime now = std::max(expected.now, state.last_verified_time);
  MATIC_TRY(CheckRoot(root, state, now));
  MATIC_ASSIGN(std::vector<std::string> signers,
               VerifySignatures(root, root.manifest, DocumentKind::kManifest, document));
  Result<Manifest> manifest = ParseManifest(document.bytes);
  if (!manifest) return Fail(manifest.error().Context("the manifest"));
  MATIC_TRY(CheckTarget(*manifest, expected));
  MATIC_TRY(CheckTimes(*manifest, state, expected, now));
  MATIC_TRY(CheckVersions(*manifest, state, expected));
  return VerifiedManifest(std::move(*manifest), std::move(signers));
}

TrustState Remember(TrustState state, const VerifiedManifest& verified) {
  const Manifest& manifest = verified.manifest();
  state.last_verified_time = std::max(state.last_verified_time, manifest.released);
  if (manifest.channel.empty()) return state;
  if (!state.channels.contains(manifest.channel) && state.channels.size() >= kMaxChannels) {
    state.channels.erase(std::ranges::min_element(
        state.channels, {}, [](const auto& channel) { return channel.second; }));
  }
  WallTime& newest = state.channels[manifest.channel];
  newest = std::max(newest, manifest.released);
  return state;
}

}  // namespace matic::trust

// The attacks that lib/trust refuses, through all that lies between a server and a schedule: what
// is asked, what is refused, and what is kept of it.
#include "tests/unit/agent/channel/resolver_machine.h"

namespace matic::channel {
namespace {

class ChannelAttack : public ResolverMachine {};

TEST_F(ChannelAttack, NoneAndTheImageIsKnown) {
  PublishChannel(ManifestHere());
  const auto resolved = Resolve();
  ASSERT_TRUE(resolved) << resolved.error().message;
  EXPECT_EQ(resolved->source, std::string(kFolder) + "os-2.0.squashfs");
  EXPECT_EQ(resolved->sha256, DigestHere());
  EXPECT_EQ(resolved->version, "2.0");
  EXPECT_EQ(resolved->size_bytes, 123456789u);
  EXPECT_EQ(State().channels.at("stable"), ManifestHere().released);
  EXPECT_EQ(State().version_floor, "1.9") << "of the running system; 2.0 is not confirmed";
}

TEST_F(ChannelAttack, ArbitrarySoftware) {
  Publish(kChannel, trust::SignManifest(ManifestHere(), {"x1", "x2", "r1", "r2"}));
  ExpectRefused(ErrorCode::kPermission, "signed by 0 of the 3");
  Publish(kChannel, trust::SignManifest(ManifestHere(), {"m1"}));
  ExpectRefused(ErrorCode::kPermission, "signed by 1 of the 3");
  EXPECT_TRUE(State().channels.empty()) << "nothing unverified is persisted";
  EXPECT_EQ(State().last_verified_time, WallTime{});
}

TEST_F(ChannelAttack, NoSignatureAtAll) {
  Put(kChannel, trust::FormatManifest(ManifestHere()).value());
  ExpectRefused(ErrorCode::kPermission, "is not signed");
}

TEST_F(ChannelAttack, NoRootConfiguredIsRefusalNotAcceptance) {
  PublishChannel(ManifestHere());
  ASSERT_TRUE(Resolve());
  // Also on a machine that adopted one before.
  std::filesystem::remove(folder_ / "configured.json");
  ExpectRefused(ErrorCode::kRefused, "no root document is configured");
  TrustedResolver resolver(options_, http_, clock_);
  EXPECT_EQ(resolver.Check("", "").error().code, ErrorCode::kRefused);
  // An empty or a broken one is none.
  Write("configured.json", "");
  ExpectRefused(ErrorCode::kCorrupt, "configured.json");
  Write("configured.json", "{}");
  ExpectRefused(ErrorCode::kCorrupt, "configured.json");
}

TEST_F(ChannelAttack, WhatOthersCanWriteIsNotTrusted) {
  PublishChannel(ManifestHere());
  ASSERT_TRUE(Resolve());
  const std::filesystem::path state = folder_ / "trust" / "state.json";
  for (const std::filesystem::path& place : {state, state.parent_path()}) {
    const std::filesystem::perms before = std::filesystem::status(place).permissions();
    std::filesystem::permissions(place, before | std::filesystem::perms::others_write);
    ExpectRefused(ErrorCode::kPermission, place.string() + " can be changed by others");
    std::filesystem::permissions(place, before);
    EXPECT_TRUE(Resolve()) << "nothing of it was set aside";
  }
}

TEST_F(ChannelAttack, WhoOnlyLooksFreezesNothing) {
  trust::Manifest newer = ManifestHere();
  newer.released += std::chrono::hours(24);
  PublishChannel(newer);
  TrustedResolver resolver(options_, http_, clock_);
  ASSERT_TRUE(resolver.Look("", "", "1.9", {}));
  PublishChannel(ManifestHere());
  EXPECT_TRUE(Resolve()) << "the newer one was looked at, and is not remembered";
  PublishChannel(newer);
  ASSERT_TRUE(Resolve());
  PublishChannel(ManifestHere());
  EXPECT_FALSE(Resolve());
  EXPECT_FALSE(resolver.Look("", "", "1.9", {}));
}

TEST_F(ChannelAttack, DowngradeBelowTheFloor) {
  trust::Manifest old = ManifestHere();
  old.version = "1.8";
  PublishChannel(old);
  ExpectRefused(ErrorCode::kRefused, "1.8 is older than 1.9");
  Confirm("2.0");
  old.version = "1.9";
  PublishChannel(old);
  ExpectRefused(ErrorCode::kRefused, "1.9 is older than 2.0");
  Confirm("1.9");
  EXPECT_EQ(State().version_floor, "2.0") << "a floor never sinks";
}

TEST_F(ChannelAttack, RollbackOfTheChannel) {
  trust::Manifest newer = ManifestHere();
  newer.released = trust::Time("2026-01-20T00:00:00Z");
  PublishChannel(newer);
  ASSERT_TRUE(Resolve());
  PublishChannel(ManifestHere());
  ExpectRefused(ErrorCode::kRefused, "had a manifest released at 2026-01-20T00:00:00Z before");
}

TEST_F(ChannelAttack, Freeze) {
  PublishChannel(ManifestHere());
  ASSERT_TRUE(Resolve());
  clock_.SetNow(trust::Time("2026-04-01T00:00:00Z"));
  ExpectRefused(ErrorCode::kRefused, "expired at 2026-04-01T00:00:00Z");
}

TEST_F(ChannelAttack, FreezeOfAMachineWithoutAClock) {
  // Its clock says 1970; the day that the agent was released is later.
  PublishChannel(ManifestHere());
  clock_.SetNow(WallTime{});
  options_.time_floor = trust::Time("2026-05-01T00:00:00Z");
  ExpectRefused(ErrorCode::kRefused, "it is 2026-05-01T00:00:00Z");
  options_.time_floor = trust::Time("2025-12-01T00:00:00Z");
  EXPECT_TRUE(Resolve()) << "a release after the floor is not ahead of a clock that never was set";
}

TEST_F(ChannelAttack, MixAndMatch) {
  trust::Manifest other = ManifestHere();
  other.channel = "beta";
  PublishChannel(other);
  ExpectRefused(ErrorCode::kRefused, "of the channel 'beta', and 'stable' is followed");
  // The document of one release with the signatures of another.
  Put(kChannel, trust::FormatManifest(ManifestHere()).value());
  ExpectRefused(ErrorCode::kPermission, "signed by 0 of the 3");
}

TEST_F(ChannelAttack, TheManifestOfAnotherImage) {
  Publish(std::string(kFolder) + "os-1.9.manifest.json",
          trust::SignManifest(ManifestHere(), {"m1", "m2"}));
  ExpectRefused(ErrorCode::kRefused, "os-2.0.squashfs, not of",
                std::string(kFolder) + "os-1.9.squashfs");
}

TEST_F(ChannelAttack, AnotherDigestThanWasAskedFor) {
  PublishChannel(ManifestHere());
  ExpectRefused(ErrorCode::kRefused, "was asked for", "", std::string(64, 'a'));
  EXPECT_TRUE(Resolve("", DigestHere()));
}

TEST_F(ChannelAttack, WrongProductOrArchitecture) {
  trust::Manifest other = ManifestHere();
  other.product = "lab";
  PublishChannel(other);
  ExpectRefused(ErrorCode::kRefused, "for the product 'lab'");
  other = ManifestHere();
  other.architecture = "riscv64";
  PublishChannel(other);
  ExpectRefused(ErrorCode::kRefused, "for riscv64");
}

TEST_F(ChannelAttack, EndlessData) {
  PublishChannel(ManifestHere());
  http_.AddMishap({.fails = Error{ErrorCode::kNotFound, "no next root document"}});
  http_.AddMishap({.endless = true});
  ExpectRefused(ErrorCode::kInvalidArgument, "sends more than fits");
  EXPECT_LE(http_.bytes_sent(), trust::kMaxManifestBytes);
}

TEST_F(ChannelAttack, EndlessSignatures) {
  PublishChannel(ManifestHere());
  http_.AddMishap({.fails = Error{ErrorCode::kNotFound, "no next root document"}});
  http_.AddMishap({});
  http_.AddMishap({.endless = true});
  ExpectRefused(ErrorCode::kInvalidArgument, "sends more than fits");
}

TEST_F(ChannelAttack, EndlessRootDocument) {
  PublishChannel(ManifestHere());
  PublishRoot(trust::RootOf(2, trust::RoleOf({"r1", "r2"}, 2), trust::RoleOf({"m1"}, 1),
                            {"r1", "r2", "m1"}),
              {"r1", "r2"});
  http_.AddMishap({.endless = true});
  ExpectRefused(ErrorCode::kInvalidArgument, "sends more than fits");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "trust/root.json"));
}

TEST_F(ChannelAttack, SlowData) {
  PublishChannel(ManifestHere());
  http_.AddMishap({.fails = Error{ErrorCode::kNotFound, "no next root document"}});
  http_.AddMishap({.cut_after = 10, .stalls = true});
  fakes::ManualClock passing(fakes::ManualClock::Waits::kPass);
  TrustedResolver resolver(options_, http_, passing);
  const auto resolved = resolver.Resolve("", "", "1.9", {});
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().code, ErrorCode::kDeadline) << resolved.error().message;
}

}  // namespace
}  // namespace matic::channel

#include <sys/stat.h>

#include "tests/unit/agent/channel/resolver_machine.h"

namespace matic::channel {
namespace {

using testing::HasSubstr;
using testing::Not;

class ResolverTest : public ResolverMachine {
 protected:
  ErrorCode CodeOfCheck(const std::string& source, const std::string& sha256) {
    TrustedResolver resolver(options_, http_, clock_);
    const Result<> checked = resolver.Check(source, sha256);
    EXPECT_FALSE(checked) << source;
    return checked ? ErrorCode::kInternal : checked.error().code;
  }
  bool CheckPasses(const std::string& source, const std::string& sha256) {
    return TrustedResolver(options_, http_, clock_).Check(source, sha256).has_value();
  }
  void PublishBesideImage() {
    Publish(std::string(kFolder) + "os-2.0.manifest.json",
            trust::SignManifest(ManifestHere(), {"m1", "m2"}));
  }
  const std::string image_ = std::string(kFolder) + "os-2.0.squashfs";
};

TEST_F(ResolverTest, AnImageWithItsDigestIsTakenAsItIs) {
  // Nobody is asked, and no root document is needed.
  std::filesystem::remove(folder_ / "configured.json");
  options_.trust.product.clear();
  ASSERT_TRUE(CheckPasses(image_, DigestHere()));
  const auto resolved = Resolve(image_, DigestHere());
  ASSERT_TRUE(resolved) << resolved.error().message;
  EXPECT_EQ(resolved->source, image_);
  EXPECT_EQ(resolved->sha256, DigestHere());
  EXPECT_EQ(resolved->version, "");
  EXPECT_TRUE(http_.requests().empty());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "trust"));
}

TEST_F(ResolverTest, AnImageWithoutADigestIsWhatTheManifestBesideItSays) {
  PublishBesideImage();
  const auto resolved = Resolve(image_);
  ASSERT_TRUE(resolved) << resolved.error().message;
  EXPECT_EQ(resolved->source, image_);
  EXPECT_EQ(resolved->sha256, DigestHere());
  EXPECT_EQ(resolved->version, "2.0");
}

TEST_F(ResolverTest, WhereSignaturesAreDemandedADigestIsNotEnough) {
  options_.trust.required = true;
  EXPECT_TRUE(CheckPasses(image_, DigestHere()));
  ExpectRefused(ErrorCode::kNotFound, "os-2.0.manifest.json", image_, DigestHere());
  PublishBesideImage();
  EXPECT_TRUE(Resolve(image_, DigestHere()));
  ExpectRefused(ErrorCode::kRefused, "was asked for", image_, std::string(64, 'a'));
  // One that cannot have a manifest beside it is refused before anybody is asked.
  EXPECT_EQ(CodeOfCheck("https://h/os.img", DigestHere()), ErrorCode::kRefused);
  std::filesystem::remove(folder_ / "configured.json");
  EXPECT_EQ(CodeOfCheck(image_, DigestHere()), ErrorCode::kRefused);
}

TEST_F(ResolverTest, OtherOptionsCountFromTheNextCallOn) {
  TrustedResolver resolver(options_, http_, clock_);
  EXPECT_TRUE(resolver.Resolve(image_, DigestHere(), "1.9", {}));
  options_.trust.required = true;
  resolver.Configure(options_);
  EXPECT_FALSE(resolver.Resolve(image_, DigestHere(), "1.9", {}));
  PublishBesideImage();
  EXPECT_TRUE(resolver.Resolve(image_, DigestHere(), "1.9", {}));
}

TEST_F(ResolverTest, WhatCouldNotBeResolvedIsSaidBeforeAnythingIsFetched) {
  EXPECT_TRUE(CheckPasses("", ""));
  EXPECT_EQ(CodeOfCheck("ftp://h/stable.json", ""), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOfCheck("https://h/os.img", ""), ErrorCode::kInvalidArgument);
  options_.channel_url.clear();
  EXPECT_EQ(CodeOfCheck("", ""), ErrorCode::kInvalidArgument);
  options_.trust.product.clear();
  EXPECT_EQ(CodeOfCheck(kChannel, ""), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(ResolverTest, AForgottenDigestIsNamed) {
  ExpectRefused(ErrorCode::kNotFound, "no SHA-256 of the image is given (--sha256)", image_);
  ExpectRefused(ErrorCode::kInvalidArgument, "(--sha256)", "https://h/os.img");
  options_.trust.product.clear();
  const auto checked = TrustedResolver(options_, http_, clock_).Check(image_, "");
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, testing::HasSubstr("no SHA-256 of the image is given"));
}

TEST_F(ResolverTest, ImageAndManifestOnAStick) {
  const std::string base = "file://" + folder_.string() + "/";
  const trust::Signed document = trust::SignManifest(ManifestHere(), {"m2", "m3"});
  Write("os-2.0.manifest.json", document.bytes);
  ExpectRefused(ErrorCode::kPermission, "is not signed", base + "os-2.0.squashfs");
  Write("os-2.0.manifest.json.sig", document.signatures);
  const auto resolved = Resolve(base + "os-2.0.squashfs");
  ASSERT_TRUE(resolved) << resolved.error().message;
  EXPECT_EQ(resolved->source, base + "os-2.0.squashfs");
  EXPECT_EQ(resolved->sha256, DigestHere());
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(ResolverTest, AFileThatIsNoDocumentDoesNotHoldTheAgentUp) {
  const std::string base = "file://" + folder_.string() + "/";
  ASSERT_EQ(::mkfifo((folder_ / "stable.json").c_str(), 0600), 0);
  ExpectRefused(ErrorCode::kInvalidArgument, "is not a plain file", base + "stable.json");
  Write("beta.json", std::string(trust::kMaxManifestBytes + 1, ' '));
  ExpectRefused(ErrorCode::kInvalidArgument, "larger than 1048576", base + "beta.json");
  ExpectRefused(ErrorCode::kNotFound, "No such file", base + "none.json");
}

TEST_F(ResolverTest, FilesOfOtherFoldersAreNoSource) {
  options_.file_dirs = {folder_ / "incoming"};
  Write("os-2.0.manifest.json", "{}");
  ExpectRefused(ErrorCode::kRefused, "is in no folder that files are taken from",
                "file://" + folder_.string() + "/os-2.0.squashfs");
}

TEST_F(ResolverTest, WhatBelongsToAnImageIsWhereTheManifestSays) {
  trust::Manifest manifest = ManifestHere();
  manifest.delta_index = trust::RemoteFile{"2.0/os.idx", 100, manifest.image.sha256};
  manifest.patches = {{manifest.image.sha256, {"https://cdn.example.com/p", 200, {}}}};
  PublishChannel(manifest);
  const auto resolved = Resolve();
  ASSERT_TRUE(resolved) << resolved.error().message;
  const update::SignedFile index{std::string(kFolder) + "2.0/os.idx", 100, DigestHere()};
  EXPECT_EQ(resolved->delta.index, index);
  const update::SignedPatch patch{DigestHere(),
                                  {"https://cdn.example.com/p", 200, std::string(64, '0')}};
  EXPECT_THAT(resolved->delta.patches, testing::ElementsAre(patch));
}

TEST_F(ResolverTest, AServerWithABadMomentIsAskedAgain) {
  PublishChannel(ManifestHere());
  options_.retry = {.retries = 2, .backoff = std::chrono::seconds(4)};
  fakes::ManualClock passing(fakes::ManualClock::Waits::kPassShort);
  TrustedResolver resolver(options_, http_, passing);
  const std::stop_source stop;
  const Error busy{ErrorCode::kUnavailable, "HTTP 503"};
  http_.AddMishap({.fails = busy});  // the next root document
  http_.AddMishap({.fails = Error{ErrorCode::kNotFound, "no next root document"}});
  http_.AddMishap({.cut_after = 10});  // the manifest
  http_.AddMishap({});
  http_.AddMishap({.fails = busy});  // its signatures
  const auto resolved = resolver.Resolve("", "", "1.9", stop.get_token());
  ASSERT_TRUE(resolved) << resolved.error().message;
  EXPECT_EQ(resolved->sha256, DigestHere());
}

TEST_F(ResolverTest, AServerThatStaysAwayIsGivenUp) {
  options_.retry = {.retries = 2, .backoff = std::chrono::seconds(4)};
  fakes::ManualClock passing(fakes::ManualClock::Waits::kPassShort);
  TrustedResolver resolver(options_, http_, passing);
  const std::stop_source stop;
  for (int i = 0; i < 4; ++i)
    http_.AddMishap({.fails = Error{ErrorCode::kUnavailable, "HTTP 503"}});
  const auto resolved = resolver.Resolve("", "", "1.9", stop.get_token());
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().message, "given up after 3 attempts: HTTP 503");
  EXPECT_EQ(http_.requests().size(), 3u);
  // A person who asks what would happen is not kept waiting.
  ASSERT_FALSE(resolver.Resolve("", "", "1.9", {}));
  EXPECT_EQ(http_.requests().size(), 4u);
}

TEST_F(ResolverTest, WhatWasVerifiedLastTellsTheTimeAtLeast) {
  options_.time_floor = trust::Time("2025-12-01T00:00:00Z");
  EXPECT_EQ(TrustedResolver(options_, http_, clock_).TimeFloor(), options_.time_floor);
  PublishChannel(ManifestHere());
  ASSERT_TRUE(Resolve());
  EXPECT_EQ(TrustedResolver(options_, http_, clock_).TimeFloor(), ManifestHere().released);
  options_.time_floor = ManifestHere().released + std::chrono::hours(1);
  EXPECT_EQ(TrustedResolver(options_, http_, clock_).TimeFloor(), options_.time_floor);
  Write("trust/state.json", "torn");
  EXPECT_EQ(TrustedResolver(options_, http_, clock_).TimeFloor(), options_.time_floor);
}

TEST_F(ResolverTest, AClockBeforeTheLastReleaseWasNeverSet) {
  PublishChannel(ManifestHere());
  ASSERT_TRUE(Resolve());
  // The battery is empty; what came out since is not from a future.
  clock_.SetNow(ManifestHere().released - std::chrono::hours(24));
  trust::Manifest next = ManifestHere();
  next.released += std::chrono::hours(1);
  PublishChannel(next);
  EXPECT_TRUE(Resolve());
}

TEST_F(ResolverTest, SecretsOfAUrlAreInNoError) {
  const auto resolved = Resolve("https://user:hunter2@h/os.squashfs?token=hunter2");
  ASSERT_FALSE(resolved);
  const auto other = Resolve("https://user:hunter2@h/os.img?token=hunter2");
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, Not(HasSubstr("hunter2")));
}

TEST_F(ResolverTest, ACorruptStateIsSetAsideAndTheRunningVersionIsTheFloor) {
  PublishChannel(ManifestHere());
  ASSERT_TRUE(Resolve());
  Write("trust/state.json", "{\"version\": 1, torn");
  ASSERT_TRUE(Resolve("", "", "1.95"));
  EXPECT_EQ(Read("trust/state.json.bad-1"), "{\"version\": 1, torn");
  EXPECT_EQ(State().version_floor, "1.95");
  // Larger than any that was ever written is no other matter.
  Write("trust/state.json", std::string(trust::kMaxTrustStateBytes + 1, ' '));
  ASSERT_TRUE(Resolve("", "", "2.0"));
  EXPECT_EQ(State().version_floor, "2.0");
}

TEST_F(ResolverTest, WhatCannotBeRememberedIsNotActedUpon) {
  PublishChannel(ManifestHere());
  Write("trust", "a file where the folder should be");
  EXPECT_FALSE(Resolve());
}

TEST_F(ResolverTest, AConfirmedVersionRaisesTheFloorAlsoOfAMachineThatHasSeenNoManifest) {
  Confirm("2.0");
  EXPECT_EQ(State().version_floor, "2.0");
  EXPECT_EQ(State().root_version, 1u);
  Confirm("no version: nothing to compare");
  EXPECT_EQ(State().version_floor, "2.0");
}

TEST_F(ResolverTest, WithoutARootDocumentAConfirmedVersionIsNobodysFloor) {
  std::filesystem::remove(folder_ / "configured.json");
  Confirm("2.0");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "trust"));
}

}  // namespace
}  // namespace matic::channel

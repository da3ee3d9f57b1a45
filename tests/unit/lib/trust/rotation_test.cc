// Root documents that follow one another, and what a machine forgets with a key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/lib/trust/signed_documents.h"

namespace matic::trust {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// After FirstRoot: r1 was lost and r4 takes its place, m1 was stolen and m4 takes its place.
Root SecondRoot() {
  return RootOf(2, RoleOf({"r2", "r3", "r4"}, 2), RoleOf({"m2", "m3", "m4"}, 2),
                {"r2", "r3", "r4", "m2", "m3", "m4"});
}

void ExpectRefused(const Result<Root>& next, ErrorCode code, const std::string& why) {
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, code) << next.error().message;
  EXPECT_THAT(next.error().message, HasSubstr(why));
}

TEST(Rotation, TakesAThresholdOfOldAndOfNewKeys) {
  const auto next = VerifyNextRoot(FirstRoot(), SignRoot(SecondRoot(), {"r2", "r3"}).view());
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->version, 2U);
  EXPECT_EQ(next->manifest.key_ids, SecondRoot().manifest.key_ids);

  const Root current = FirstRoot();
  EXPECT_TRUE(VerifyNextRoot(current, SignRoot(SecondRoot(), {"r1", "r2", "r4"}).view()));
  ExpectRefused(VerifyNextRoot(current, SignRoot(SecondRoot(), {"r2", "r4"}).view()),
                ErrorCode::kPermission,
                "the root is signed by 1 of the 3 keys of root document 1, and it takes 2");
  ExpectRefused(VerifyNextRoot(current, SignRoot(SecondRoot(), {"r1", "r2"}).view()),
                ErrorCode::kPermission, "of the 3 keys of root document 2");
  // The keys that sign manifests have no say.
  ExpectRefused(VerifyNextRoot(current, SignRoot(SecondRoot(), {"m1", "m2", "m3", "m4"}).view()),
                ErrorCode::kPermission, "by 0 of the 3");
}

TEST(Rotation, AHigherThresholdBindsTheStepThatBringsIt) {
  Root strict = FirstRoot();
  strict.version = 2;
  strict.root.threshold = 3;
  ExpectRefused(VerifyNextRoot(FirstRoot(), SignRoot(strict, {"r1", "r2"}).view()),
                ErrorCode::kPermission, "it takes 3");
  EXPECT_TRUE(VerifyNextRoot(FirstRoot(), SignRoot(strict, {"r1", "r2", "r3"}).view()));
}

TEST(Rotation, EveryVersionIsWalked) {
  for (const uint64_t version : {uint64_t{1}, uint64_t{3}, kMaxRootVersion}) {
    Root other = SecondRoot();
    other.version = version;
    ExpectRefused(VerifyNextRoot(FirstRoot(), SignRoot(other, {"r2", "r3"}).view()),
                  ErrorCode::kRefused, "after 1 comes 2");
  }
}

TEST(Rotation, AnExpiredStepIsWalkedToo) {
  // A machine that was off for years gets over the documents of those years.
  Root expired = SecondRoot();
  expired.expires = Time("2020-01-01T00:00:00Z");
  const auto second = VerifyNextRoot(FirstRoot(), SignRoot(expired, {"r2", "r3"}).view());
  ASSERT_TRUE(second);
  Root third = SecondRoot();
  third.version = 3;
  const auto last = VerifyNextRoot(*second, SignRoot(third, {"r2", "r4"}).view());
  ASSERT_TRUE(last);
  const TrustState state = AdoptRoot({}, *last).value();
  EXPECT_TRUE(VerifyManifest(SignManifest(GoodManifest(), {"m3", "m4"}).view(), *last, state,
                             GoodExpectation()));
  EXPECT_FALSE(VerifyManifest(SignManifest(GoodManifest(), {"m3", "m4"}).view(), *second,
                              AdoptRoot({}, *second).value(), GoodExpectation()));
}

TEST(Rotation, NothingUnsignedIsParsed) {
  const std::string deep(200'000, '[');
  ExpectRefused(VerifyNextRoot(FirstRoot(), Sign(DocumentKind::kRoot, deep, {"x1"}).view()),
                ErrorCode::kPermission, "by 0 of the 3");
  ExpectRefused(VerifyNextRoot(FirstRoot(), Sign(DocumentKind::kRoot, deep, {"r1", "r2"}).view()),
                ErrorCode::kCorrupt, "nested deeper");
  const Signed endless{std::string(kMaxRootBytes + 1, ' '), R"({"signatures":[]})"};
  ExpectRefused(VerifyNextRoot(FirstRoot(), endless.view()), ErrorCode::kCorrupt,
                "larger than 262144 bytes");
  // What signs a manifest signs no root document, even with the root's keys.
  const std::string bytes = FormatRoot(SecondRoot()).value();
  ExpectRefused(
      VerifyNextRoot(FirstRoot(), Sign(DocumentKind::kManifest, bytes, {"r2", "r3"}).view()),
      ErrorCode::kPermission, "by 0 of the 3");
}

TEST(Attack, ReplayedOldRootDocument) {
  const TrustState state = AdoptRoot(AdoptRoot({}, FirstRoot()).value(), SecondRoot()).value();
  EXPECT_EQ(state.root_version, 2U);
  const auto back = AdoptRoot(state, FirstRoot());
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, ErrorCode::kRefused);
  EXPECT_THAT(back.error().message, HasSubstr("root document 1 was replaced: 2 was adopted"));
  // Nor does it verify a manifest, although it would without what the machine remembers.
  const Signed manifest = SignManifest(GoodManifest(), {"m1", "m2"});
  EXPECT_TRUE(VerifyManifest(manifest.view(), FirstRoot(), {}, GoodExpectation()));
  const auto verified = VerifyManifest(manifest.view(), FirstRoot(), state, GoodExpectation());
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::kRefused);
}

TEST(Attack, AStolenKeySignsNothingOnceItIsRotatedOut) {
  const TrustState state = AdoptRoot({}, SecondRoot()).value();
  EXPECT_FALSE(VerifyManifest(SignManifest(GoodManifest(), {"m1", "m2"}).view(), SecondRoot(),
                              state, GoodExpectation()));
  EXPECT_TRUE(VerifyManifest(SignManifest(GoodManifest(), {"m2", "m4"}).view(), SecondRoot(), state,
                             GoodExpectation()));
}

TEST(Attack, FastForwardIsRecoveredFrom) {
  // Given thieves of two keys, who raised all that can be raised as far as it goes.
  Manifest forward = GoodManifest();
  forward.version = "999999";
  forward.released = Time("2200-01-01T00:00:00Z");
  forward.expires = Time("2201-01-01T00:00:00Z");
  Expectation expected = GoodExpectation();
  expected.clock_is_set = false;
  TrustState state = AdoptRoot({}, FirstRoot()).value();
  const auto stolen =
      VerifyManifest(SignManifest(forward, {"m1", "m2"}).view(), FirstRoot(), state, expected);
  ASSERT_TRUE(stolen);
  state = RaiseFloor(Remember(state, *stolen), "999999").value();
  expected.running_version = "999999";
  const Signed honest = SignManifest(GoodManifest(), {"m3", "m4"});
  EXPECT_FALSE(VerifyManifest(honest.view(), SecondRoot(), state, expected));

  // When the keys are rotated out, honest releases are taken again.
  state = AdoptRoot(state, SecondRoot()).value();
  EXPECT_THAT(state.version_floor, IsEmpty());
  EXPECT_THAT(state.channels, IsEmpty());
  EXPECT_EQ(state.last_verified_time, WallTime{});
  const auto verified = VerifyManifest(honest.view(), SecondRoot(), state, expected);
  EXPECT_TRUE(verified) << verified.error().message;
}

TEST(Rotation, ForgetsNothingWhileNoManifestKeyGoes) {
  TrustState state = AdoptRoot({}, FirstRoot()).value();
  state = RaiseFloor(state, "1.9").value();
  state.channels["stable"] = state.last_verified_time = Time("2026-01-01T00:00:00Z");
  Root renewed = FirstRoot();  // a later expiry, another root key, one manifest key more
  renewed.version = 2;
  renewed.keys[IdOf("m4")] = KeyOf("m4").public_key();
  renewed.manifest = RoleOf({"m4", "m3", "m2", "m1"}, 2);
  const TrustState after = AdoptRoot(state, renewed).value();
  EXPECT_EQ(after.root_version, 2U);
  EXPECT_EQ(after.version_floor, "1.9");
  EXPECT_EQ(after.channels, state.channels);
  EXPECT_EQ(after.last_verified_time, state.last_verified_time);
  // Adopting it again, as every start does, changes nothing.
  const TrustState again = AdoptRoot(RaiseFloor(after, "2.0").value(), renewed).value();
  EXPECT_EQ(again.version_floor, "2.0");
}

TEST(Rotation, DocumentsArePublishedUnderTheirNumber) { EXPECT_EQ(RootFileName(2), "2.root.json"); }

}  // namespace
}  // namespace matic::trust

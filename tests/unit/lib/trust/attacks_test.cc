// The attacks that TUF names (specification 1.0.33, section 1.5.2), and what refuses each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/lib/trust/signed_documents.h"

namespace matic::trust {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// A machine that trusts FirstRoot and has adopted it.
struct Machine {
  Root root = FirstRoot();
  TrustState state = AdoptRoot({}, root).value();
  Expectation expected = GoodExpectation();

  Result<VerifiedManifest> Verify(const Signed& document) const {
    return VerifyManifest(document.view(), root, state, expected);
  }
};

void ExpectRefused(const Result<VerifiedManifest>& verified, ErrorCode code,
                   const std::string& why) {
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, code) << verified.error().message;
  EXPECT_THAT(verified.error().message, HasSubstr(why));
}

TEST(Attack, NoneAndTheManifestIsTaken) {
  const Machine machine;
  const auto verified = machine.Verify(SignManifest(GoodManifest(), {"m1", "m3"}));
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->manifest().version, "2.0");
  EXPECT_THAT(verified->signers(), UnorderedElementsAre(IdOf("m1"), IdOf("m3")));
}

TEST(Attack, ArbitrarySoftware) {
  const Machine machine;
  constexpr auto kCode = ErrorCode::kPermission;
  const Signed good = SignManifest(GoodManifest(), {"m1", "m2"});
  // Signed by nobody, by strangers, by keys that are trusted for something else.
  ExpectRefused(machine.Verify({good.bytes, R"({"signatures":[]})"}), kCode,
                "signed by 0 of the 3");
  ExpectRefused(machine.Verify(SignManifest(GoodManifest(), {"x1", "x2"})), kCode, "0 of the 3");
  ExpectRefused(machine.Verify(SignManifest(GoodManifest(), {"r1", "r2"})), kCode, "0 of the 3");
  // The signatures of another manifest, on this one.
  Manifest other = GoodManifest();
  other.image.sha256[0] ^= 1;
  ExpectRefused(machine.Verify({FormatManifest(other).value(), good.signatures}), kCode,
                "0 of the 3");
  // A signature of the manifest keys, made for another kind of document.
  ExpectRefused(machine.Verify(Sign(DocumentKind::kRoot, good.bytes, {"m1", "m2"})), kCode,
                "0 of the 3");
  // A stranger's signatures under trusted names.
  std::string renamed = SignManifest(GoodManifest(), {"x1"}).signatures;
  renamed.replace(renamed.find(IdOf("x1")), 64, IdOf("m1"));
  ExpectRefused(machine.Verify({good.bytes, renamed}), kCode, "0 of the 3");
}

TEST(Attack, NoKeyConfiguredIsRefusalNotAcceptance) {
  Machine machine;
  machine.root = {};
  machine.state = {};
  ExpectRefused(machine.Verify(SignManifest(GoodManifest(), {"m1", "m2", "m3"})),
                ErrorCode::kPermission, "no key is trusted to sign a manifest");
  machine.expected.product.clear();
  ExpectRefused(machine.Verify(SignManifest(GoodManifest(), {"m1", "m2", "m3"})),
                ErrorCode::kInvalidArgument, "none is configured");
}

TEST(Attack, EveryByteIsSigned) {
  const Machine machine;
  const Signed good = SignManifest(GoodManifest(), {"m1", "m2"});
  for (size_t i = 0; i < good.bytes.size(); ++i) {
    Signed bad = good;
    bad.bytes[i] = static_cast<char>(bad.bytes[i] ^ 0x20);
    EXPECT_FALSE(machine.Verify(bad)) << i;
  }
  ExpectRefused(machine.Verify({good.bytes + " ", good.signatures}), ErrorCode::kPermission,
                "0 of the 3");
  ExpectRefused(machine.Verify({good.bytes.substr(1), good.signatures}), ErrorCode::kPermission,
                "0 of the 3");
}

TEST(Attack, NothingUnsignedIsParsed) {
  // What would be a format error is never looked at: the signature is what is wrong.
  const Machine machine;
  const std::string deep(100'000, '[');
  ExpectRefused(machine.Verify(Sign(DocumentKind::kManifest, deep, {"x1"})), ErrorCode::kPermission,
                "0 of the 3");
  ExpectRefused(machine.Verify(Sign(DocumentKind::kManifest, deep, {"m1", "m2"})),
                ErrorCode::kCorrupt, "nested deeper");
}

TEST(Attack, KeyCompromiseBelowTheThreshold) {
  const Machine machine;
  ExpectRefused(machine.Verify(SignManifest(GoodManifest(), {"m2"})), ErrorCode::kPermission,
                "signed by 1 of the 3 keys of root document 1, and it takes 2");
  // With strangers and the root's keys to help.
  ExpectRefused(machine.Verify(SignManifest(GoodManifest(), {"m2", "x1", "x2", "r1", "r2", "r3"})),
                ErrorCode::kPermission, "signed by 1 of the 3");
}

TEST(Attack, OneKeyCountedTwiceForTheThreshold) {
  const Machine machine;
  ExpectRefused(machine.Verify(SignManifest(GoodManifest(), {"m2", "m2", "m2"})),
                ErrorCode::kPermission, "signed by 1 of the 3");
  // A root document that lists it twice, or under two names, is none.
  const std::string root = FormatRoot(FirstRoot()).value();
  std::string twice = root;
  twice.replace(twice.rfind(IdOf("m3")), 64, IdOf("m1"));
  const auto parsed = ParseConfiguredRoot(twice);
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().message, HasSubstr("twice"));
  std::string renamed = root;
  for (size_t at; (at = renamed.find(IdOf("m3"))) != std::string::npos;) {
    renamed.replace(at, 64, IdOf("x1"));
  }
  const auto other = ParseConfiguredRoot(renamed);
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("not the key's id"));
  // One made by hand counts it once all the same.
  Root by_hand = FirstRoot();
  by_hand.manifest = RoleOf({"m1", "m1"}, 2);
  EXPECT_FALSE(VerifySignatures(by_hand, by_hand.manifest, DocumentKind::kManifest,
                                SignManifest(GoodManifest(), {"m1", "m1"}).view()));
}

TEST(Attack, Downgrade) {
  Machine machine;
  Manifest old = GoodManifest();
  old.version = "1.8";
  const Signed replayed = SignManifest(old, {"m1", "m2"});
  // Before anything was confirmed, an older version is an operator's choice.
  EXPECT_TRUE(machine.Verify(replayed));
  machine.state = RaiseFloor(machine.state, "1.9").value();
  ExpectRefused(machine.Verify(replayed), ErrorCode::kRefused, "1.8 is older than 1.9");
  // Not by a text that only looks larger, but by the order of versions.
  machine.state = RaiseFloor(machine.state, "1.10").value();
  old.version = "1.9";
  ExpectRefused(machine.Verify(SignManifest(old, {"m1", "m2"})), ErrorCode::kRefused,
                "1.9 is older than 1.10");
  old.version = "1.10~rc1";
  ExpectRefused(machine.Verify(SignManifest(old, {"m1", "m2"})), ErrorCode::kRefused,
                "older than 1.10");
  old.version = "1.10";
  EXPECT_TRUE(machine.Verify(SignManifest(old, {"m1", "m2"}))) << "the same again, as a repair";
}

TEST(Attack, RollbackOfAChannel) {
  // Given a machine that has seen February's manifest, January's is a replay, though it is neither
  // expired nor below the floor.
  Machine machine;
  Manifest february = GoodManifest();
  february.version = "2.1";
  february.released = Time("2026-02-01T00:00:00Z");
  machine.expected.now = Time("2026-02-02T00:00:00Z");
  const auto verified = machine.Verify(SignManifest(february, {"m1", "m2"}));
  ASSERT_TRUE(verified);
  machine.state = Remember(machine.state, *verified);
  const Signed january = SignManifest(GoodManifest(), {"m1", "m2"});
  ExpectRefused(machine.Verify(january), ErrorCode::kRefused,
                "had a manifest released at 2026-02-01T00:00:00Z before");
  EXPECT_TRUE(machine.Verify(SignManifest(february, {"m1", "m2"}))) << "the same, once more";
  // Its publisher takes 2.1 back by releasing 2.0 anew.
  Manifest anew = GoodManifest();
  anew.released = Time("2026-02-02T00:00:00Z");
  EXPECT_TRUE(machine.Verify(SignManifest(anew, {"m1", "m2"})));
}

TEST(Attack, Freeze) {
  Machine machine;
  const Signed stale = SignManifest(GoodManifest(), {"m1", "m2"});
  machine.expected.now = Time("2026-03-31T23:59:59Z");
  EXPECT_TRUE(machine.Verify(stale));
  machine.expected.now = Time("2026-04-01T00:00:00Z");
  ExpectRefused(machine.Verify(stale), ErrorCode::kRefused, "expired at 2026-04-01T00:00:00Z");
  // A clock set back does not help who has shown a later time before.
  machine.state.last_verified_time = Time("2026-05-01T00:00:00Z");
  machine.expected.now = Time("2026-01-27T01:00:00Z");
  ExpectRefused(machine.Verify(stale), ErrorCode::kRefused, "it is 2026-05-01T00:00:00Z");
}

TEST(Attack, FreezeOfTheRootDocument) {
  // Whoever withholds newer root documents is found out when the last one expires.
  Machine machine;
  machine.root.expires = Time("2026-01-15T00:00:00Z");
  ExpectRefused(machine.Verify(SignManifest(GoodManifest(), {"m1", "m2"})), ErrorCode::kRefused,
                "root document 1 expired at 2026-01-15T00:00:00Z");
}

TEST(Attack, MixAndMatch) {
  const Machine machine;
  // A manifest of another channel under this one's name.
  Manifest other = GoodManifest();
  other.channel = "beta";
  ExpectRefused(machine.Verify(SignManifest(other, {"m1", "m2"})), ErrorCode::kRefused,
                "of the channel 'beta', and 'stable' is followed");
  other.channel.clear();
  ExpectRefused(machine.Verify(SignManifest(other, {"m1", "m2"})), ErrorCode::kRefused,
                "of no channel");
  // One signature of this manifest, one of that.
  const std::string good = FormatManifest(GoodManifest()).value();
  const std::vector<KeySignature> mixed = {
      SignDocument(DocumentKind::kManifest, good, KeyOf("m1")).value(),
      SignDocument(DocumentKind::kManifest, FormatManifest(other).value(), KeyOf("m2")).value()};
  ExpectRefused(machine.Verify({good, FormatSignatureFile(mixed)}), ErrorCode::kPermission,
                "signed by 1 of the 3");
}

TEST(Attack, WrongProductOrArchitecture) {
  const Machine machine;
  Manifest other = GoodManifest();
  other.product = "maticos-lab";
  ExpectRefused(machine.Verify(SignManifest(other, {"m1", "m2"})), ErrorCode::kRefused,
                "for the product 'maticos-lab', and this machine is a 'maticos'");
  other = GoodManifest();
  other.architecture = "arm64";
  ExpectRefused(machine.Verify(SignManifest(other, {"m1", "m2"})), ErrorCode::kRefused,
                "for arm64, and this machine is x86-64");
}

TEST(Attack, EndlessData) {
  const Machine machine;
  const Signed good = SignManifest(GoodManifest(), {"m1", "m2"});
  ExpectRefused(machine.Verify({std::string(kMaxManifestBytes + 1, ' '), good.signatures}),
                ErrorCode::kCorrupt, "larger than 1048576 bytes");
  ExpectRefused(
      machine.Verify({good.bytes, good.signatures + std::string(kMaxSignatureFileBytes, ' ')}),
      ErrorCode::kCorrupt, "at most 65536");
  // Each within its size, but with more to verify than a file may ask for.
  std::string many = R"({"signatures":[)";
  const std::string one =
      R"({"keyid":")" + IdOf("m1") + R"(","signature":")" + std::string(128, '0') + R"("})";
  for (size_t i = 0; i <= kMaxSignatures; ++i) many += (i == 0 ? "" : ",") + one;
  ExpectRefused(machine.Verify({good.bytes, many + "]}"}), ErrorCode::kCorrupt, "65 items");
  // An honest signer cannot publish what no machine takes.
  Manifest large = GoodManifest();
  large.patches.resize(kMaxPatches + 1, large.patches[0]);
  EXPECT_FALSE(FormatManifest(large));
}

TEST(Attack, UpdateFromAVersionTheManifestRulesOut) {
  Machine machine;
  machine.expected.running_version = "1.4";
  const Signed good = SignManifest(GoodManifest(), {"m1", "m2"});
  ExpectRefused(machine.Verify(good), ErrorCode::kRefused, "update to 1.5 first");
  machine.expected.running_version = "1.5";
  EXPECT_TRUE(machine.Verify(good));
  machine.expected.running_version = "";
  ExpectRefused(machine.Verify(good), ErrorCode::kRefused, "running system is unknown");
}

TEST(Attack, ATimeThatIsYetToCome) {
  // A stolen threshold could else make every honest manifest look like a replay.
  Machine machine;
  Manifest ahead = GoodManifest();
  ahead.released = Time("2026-03-01T00:00:00Z");
  const Signed document = SignManifest(ahead, {"m1", "m2"});
  ExpectRefused(machine.Verify(document), ErrorCode::kRefused, "it is only 2026-01-27T01:00:00Z");
  // A machine without a clock learns from it how late it is at least.
  machine.expected.clock_is_set = false;
  const auto verified = machine.Verify(document);
  ASSERT_TRUE(verified);
  EXPECT_EQ(Remember(machine.state, *verified).last_verified_time, ahead.released);
}

}  // namespace
}  // namespace matic::trust

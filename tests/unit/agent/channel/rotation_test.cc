// Root documents that follow one another, and power losses on the way.
#include "tests/unit/agent/channel/resolver_machine.h"

namespace matic::channel {
namespace {

using trust::RoleOf;
using trust::RootOf;

// m1 was stolen: m4 takes its place.
trust::Root SecondRoot() {
  return RootOf(2, RoleOf({"r1", "r2", "r3"}, 2), RoleOf({"m2", "m3", "m4"}, 2),
                {"r1", "r2", "r3", "m2", "m3", "m4"});
}

class RotationTest : public ResolverMachine {
 protected:
  RotationTest() {
    PublishRoot(SecondRoot(), {"r1", "r2"});
    Publish(kChannel, trust::SignManifest(ManifestHere(), {"m3", "m4"}));
  }
};

TEST_F(RotationTest, ARotatedRootIsAdoptedAndPersisted) {
  ASSERT_TRUE(Resolve());
  EXPECT_EQ(Read("trust/root.json"), trust::FormatRoot(SecondRoot()).value());
  EXPECT_EQ(State().root_version, 2u);
  // A restart later the first one is only where trust began: what it allowed counts no more, also
  // where the server shows the second one to nobody.
  fakes::FakeHttpClient other;
  const trust::Signed stolen = trust::SignManifest(ManifestHere(), {"m1", "m2"});
  other.Put(kChannel, {stolen.bytes.begin(), stolen.bytes.end()});
  other.Put(std::string(kChannel) + ".sig", {stolen.signatures.begin(), stolen.signatures.end()});
  TrustedResolver resolver(options_, other, clock_);
  const auto resolved = resolver.Resolve("", "", "1.9", {});
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().code, ErrorCode::kPermission);
  EXPECT_THAT(resolved.error().message, testing::HasSubstr("root document 2"));
}

TEST_F(RotationTest, AForgedRootIsNotAdopted) {
  PublishRoot(SecondRoot(), {"r1", "m2", "m3"});
  ExpectRefused(ErrorCode::kPermission, "2.root.json");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "trust/root.json"));
  EXPECT_EQ(State().root_version, 1u);
}

TEST_F(RotationTest, ARootThatOthersCanChangeIsNotTrusted) {
  const std::filesystem::path configured = folder_ / "configured.json";
  std::filesystem::permissions(configured, std::filesystem::perms::others_write,
                               std::filesystem::perm_options::add);
  ExpectRefused(ErrorCode::kPermission, "configured.json can be changed by others than root");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "trust"));
  std::filesystem::permissions(configured, std::filesystem::perms::others_write,
                               std::filesystem::perm_options::remove);
  EXPECT_TRUE(Resolve());
}

TEST_F(RotationTest, AMachineThatSleptWalksAllOfThem) {
  trust::Root third = SecondRoot();
  third.version = 3;
  PublishRoot(third, {"r2", "r3"});
  ASSERT_TRUE(Resolve());
  EXPECT_EQ(State().root_version, 3u);
}

TEST_F(RotationTest, FastForwardRecovery) {
  // Whoever had m1 and m2 raised the floor beyond every honest release.
  Confirm("999");
  EXPECT_EQ(State().version_floor, "999");
  ASSERT_TRUE(Resolve());
  EXPECT_EQ(State().version_floor, "");
}

TEST_F(RotationTest, PowerLostBetweenTheRootDocumentAndTheState) {
  Confirm("999");
  const std::string before = Read("trust/state.json");
  // The second of the two writes does not come to pass.
  ASSERT_TRUE(std::filesystem::create_directories(folder_ / "trust/.state.json.new/in-the-way"));
  ASSERT_FALSE(Resolve());
  EXPECT_EQ(Read("trust/root.json"), trust::FormatRoot(SecondRoot()).value()) << "the first did";
  EXPECT_EQ(Read("trust/state.json"), before);
  // The next start adopts once more, with all that follows from it.
  std::filesystem::remove_all(folder_ / "trust/.state.json.new");
  const auto resolved = Resolve();
  ASSERT_TRUE(resolved) << resolved.error().message;
  EXPECT_EQ(State().root_version, 2u);
  EXPECT_EQ(State().version_floor, "");
}

TEST_F(RotationTest, ALostRootDocumentIsLedOnToAgain) {
  ASSERT_TRUE(Resolve());
  Write("trust/root.json", "torn");
  const auto resolved = Resolve();
  ASSERT_TRUE(resolved) << resolved.error().message;
  EXPECT_EQ(Read("trust/root.json.bad-1"), "torn");
  EXPECT_EQ(Read("trust/root.json"), trust::FormatRoot(SecondRoot()).value());
}

TEST_F(RotationTest, AnOlderRootDocumentThanWasAdoptedIsAReplay) {
  ASSERT_TRUE(Resolve());
  std::filesystem::remove(folder_ / "trust/root.json");
  fakes::FakeHttpClient other;
  const trust::Signed old = trust::SignManifest(ManifestHere(), {"m1", "m2"});
  other.Put(kChannel, {old.bytes.begin(), old.bytes.end()});
  other.Put(std::string(kChannel) + ".sig", {old.signatures.begin(), old.signatures.end()});
  TrustedResolver resolver(options_, other, clock_);
  const auto resolved = resolver.Resolve("", "", "1.9", {});
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().code, ErrorCode::kRefused);
  EXPECT_THAT(resolved.error().message, testing::HasSubstr("2 was adopted before"));
}

TEST_F(RotationTest, ANewerConfiguredRootIsAdoptedWithoutAnybodysHelp) {
  trust::Root third = SecondRoot();
  third.version = 3;
  ASSERT_TRUE(Resolve());
  Configure(third);
  ASSERT_TRUE(Resolve());
  EXPECT_EQ(State().root_version, 3u);
}

}  // namespace
}  // namespace matic::channel

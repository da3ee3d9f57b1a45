#include "agent/nixos/options.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace matic::nixos {
namespace {

using testing::Contains;
using testing::Not;
using testing::StartsWith;

TEST(NixosOptionsTest, ThePathsAreThoseOfNixOs) {
  const HostPaths paths = NixosOptions{}.paths();
  EXPECT_EQ(paths.store, "/nix/store");
  EXPECT_EQ(paths.profile, "/nix/var/nix/profiles/system");
  EXPECT_EQ(paths.current_system, "/run/current-system");
  EXPECT_EQ(paths.boot, "/boot");
}

TEST(NixosOptionsTest, ARootStandsBeforeAllButTheStore) {
  NixosOptions options;
  options.settings.boot_folder = "/efi";
  options.settings.host_root = "/tmp/host";
  options.environment = {"NIX_STORE_DIR=/tmp/host/nix/store"};
  const HostPaths paths = options.paths();
  EXPECT_EQ(paths.store, "/tmp/host/nix/store");
  EXPECT_EQ(paths.boot, "/tmp/host/efi");
  for (const std::filesystem::path& path :
       {paths.booted_system, paths.current_system, paths.profile, paths.system_profiles,
        paths.switch_lock, paths.esp, paths.efi_variables, paths.boot_id}) {
    EXPECT_THAT(path.string(), StartsWith("/tmp/host/"));
  }
}

TEST(NixosOptionsTest, AChannelIsWhatIsUpdatedToWithoutAFlake) {
  NixosOptions options;
  EXPECT_EQ(options.source(), "");
  options.settings.flake = "/etc/nixos#web";
  EXPECT_EQ(options.source(), "/etc/nixos#web");
  options.settings.builder = config::Builder::kChannel;
  EXPECT_EQ(options.source(), kChannelSource);
}

TEST(NixEnvironmentTest, NixHasItsOwnHomeAndItsOwnVariables) {
  ::setenv("NIX_REMOTE", "daemon", 1);
  ::setenv("SOMEBODYS_SECRET", "x", 1);
  const std::vector<std::string> environment = NixEnvironment("/var/lib/matic/nixos/home");
  ::unsetenv("NIX_REMOTE");
  ::unsetenv("SOMEBODYS_SECRET");
  EXPECT_THAT(environment, Contains("NIX_REMOTE=daemon"));
  EXPECT_THAT(environment, Contains("HOME=/var/lib/matic/nixos/home"));
  EXPECT_THAT(environment, Contains(StartsWith("HOME=")).Times(1));
  EXPECT_THAT(environment, Contains(StartsWith("PATH=")));
  EXPECT_THAT(environment, Not(Contains(StartsWith("SOMEBODYS_SECRET="))));
}

}  // namespace
}  // namespace matic::nixos

#include <gmock/gmock.h>

#include <cstdlib>

#include "agent/nixos/build.h"
#include "tests/unit/agent/nixos/nix_host.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kNixFlags = "--extra-experimental-features 'nix-command flakes'";

// As nh 4 does: root is turned away, what follows "--" goes to nix build.
const std::string kNh = std::string(R"(#!/bin/bash
[ "$1 $2" = "os build" ] || { echo "unexpected: $*" >&2; exit 2; }
flake=$3; shift 3
while [ $# -gt 0 ]; do
  case $1 in
    --hostname) host=$2; shift 2 ;;
    --out-link) link=$2; shift 2 ;;
    --bypass-root-check) root=yes; shift ;;
    --no-nom) shift ;;
    --) shift; break ;;
    *) echo "error: unexpected argument '$1' found" >&2; exit 2 ;;
  esac
done
[ "$root" = yes ] || { echo "Don't run nh os as root." >&2; exit 1; }
[ "$NH_NO_CHECKS" = true ] || { echo "Missing required experimental features" >&2; exit 1; }
exec nix build "$flake#nixosConfigurations.$host.config.system.build.toplevel" \
  --out-link "$link" "$@"
)");

// As both of nixpkgs' do: the link goes to the folder it runs in.
const std::string kNixosRebuild = std::string(R"(#!/bin/bash
[ -n "$_NIXOS_REBUILD_REEXEC" ] || { echo "would build itself first" >&2; exit 1; }
case "$1 $2" in
  "build --no-flake") exec nix-build '<nixpkgs/nixos>' --attr config.system.build.toplevel ;;
  "build --flake") ;;
  *) echo "$0: unknown option: $*" >&2; exit 1 ;;
esac
flake=${3%%#*}; host=${3#*#}; shift 3
echo "building the system configuration..." >&2
exec nix build )") + kNixFlags + R"( "$@" \
  "$flake#nixosConfigurations.\"$host\".config.system.build.toplevel"
)";

// A program is looked for in the PATH of the agent itself.
class OwnPath {
 public:
  explicit OwnPath(const std::string& path) { ::setenv("PATH", path.c_str(), 1); }
  ~OwnPath() { ::setenv("PATH", before_.c_str(), 1); }

 private:
  const std::string before_ = std::getenv("PATH");
};

class BuildersTest : public NixHost {
 protected:
  BuildersTest() {
    Script("nh", kNh);
    Script("nixos-rebuild", kNixosRebuild);
  }

  void Script(const std::string& name, const std::string& content) {
    fs::permissions(Write("bin/" + name, content), fs::perms::owner_all);
  }

  Result<System> Build(Builder builder, std::variant<FlakeTarget, ChannelTarget> target) {
    return BuildSystem(programs_,
                       {.target = std::move(target),
                        .out_link = folder_ / "gcroots/next",
                        .deadline = std::chrono::minutes(1),
                        .builder = builder},
                       {});
  }

  FlakeTarget Host(const std::string& host) const {
    return {.flake = (folder_ / "config").string(), .host = host};
  }

  void ExpectKept(const Result<System>& system, const std::string& version) {
    ASSERT_TRUE(system) << system.error().message;
    EXPECT_EQ(system->version, version);
    EXPECT_EQ(fs::read_symlink(folder_ / "gcroots/next"), system->path);
    EXPECT_FALSE(fs::exists(folder_ / "config/flake.lock"));
    EXPECT_FALSE(fs::exists(folder_ / "config/result"));
    Do({"nix-store", "--gc"});
    EXPECT_TRUE(fs::exists(system->path / "nixos-version"));
  }

  const OwnPath path_{(folder_ / "bin").string() + ":/usr/bin:/bin"};
};

TEST_F(BuildersTest, NhBuildsAFlakesHost) {
  WriteFlake("24.05");
  ExpectKept(Build(Builder::kNh, Host("web")), "24.05");
}

TEST_F(BuildersTest, NixosRebuildBuildsAFlakesHost) {
  WriteFlake("24.05");
  ExpectKept(Build(Builder::kNixosRebuild, Host("web")), "24.05");
}

TEST_F(BuildersTest, NixosRebuildBuildsAChannel) {
  Write("nixpkgs/nixos/default.nix",
        "{ ... }: { config.system.build.toplevel = import <nixos-config>; }");
  Write("config/configuration.nix", "import ./toplevel.nix { version = \"23.11\"; }");
  const ChannelTarget channel{"nixpkgs=" + (folder_ / "nixpkgs").string() +
                              ":nixos-config=" + (folder_ / "config/configuration.nix").string()};
  ExpectKept(Build(Builder::kNixosRebuild, channel), "23.11");

  const Result<System> nh = Build(Builder::kNh, channel);
  ASSERT_FALSE(nh);
  EXPECT_EQ(nh.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(BuildersTest, WhatFailsIsQuoted) {
  WriteFlake("24.05");
  for (const Builder builder : {Builder::kNh, Builder::kNixosRebuild}) {
    const Result<System> broken = Build(builder, Host("broken"));
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, ErrorCode::kIo);
    EXPECT_THAT(broken.error().message, HasSubstr("foo.h: no such header"));
    EXPECT_FALSE(fs::exists(folder_ / "gcroots/next"));
  }
}

TEST_F(BuildersTest, OneThatBuildsNothingIsTold) {
  WriteFlake("24.05");
  Script("nixos-rebuild", "#!/bin/sh\n");
  const Result<System> nothing = Build(Builder::kNixosRebuild, Host("web"));
  ASSERT_FALSE(nothing);
  EXPECT_THAT(nothing.error().message, HasSubstr("left no link"));
}

TEST_F(BuildersTest, OneThatIsNotInstalledIsTold) {
  WriteFlake("24.05");
  fs::remove(folder_ / "bin/nh");
  const Result<System> missing = Build(Builder::kNh, Host("web"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("nh is not installed"));
}

}  // namespace
}  // namespace matic::nixos

#include "agent/nixos/nix_version.h"

#include "tests/unit/agent/nixos/nix_host.h"

namespace matic::nixos {
namespace {

TEST(NixVersionTest, EveryNixTellsItsVersion) {
  const std::pair<const char*, NixVersion> told[] = {
      {"nix (Nix) 2.8.0\n", {2, 8}},
      {"nix (Nix) 2.25.0pre20240910_abcdef\n", {2, 25}},
      {"nix (Lix, like Nix) 2.91.1\n", {2, 91}},
      {"nix (Determinate Nix 3.6.2) 2.29.0\n", {2, 29}},
      {"warning: unknown setting 'x' 1.2\nnix (Nix) 2.18.5", {2, 18}},
  };
  for (const auto& [output, version] : told) {
    const Result<NixVersion> parsed = ParseNixVersion(output);
    ASSERT_TRUE(parsed) << output;
    EXPECT_EQ(*parsed, version) << output;
  }
}

TEST(NixVersionTest, WhatIsNoVersionIsRefused) {
  for (const char* output :
       {"", "\n", "nix (Nix)", "nix (Nix) two", "nix (Nix) 2", "nix (Nix) 2.", "bash: nix 2.8",
        "nix (Nix) 99999999999999.1", "nix (Nix) -2.8", "nix (Nix) 2.-8"}) {
    EXPECT_FALSE(ParseNixVersion(output)) << output;
  }
}

using NixVersionOfAHostTest = NixHost;

TEST_F(NixVersionOfAHostTest, TheInstalledOneIsAsked) {
  const Result<NixVersion> version = GetNixVersion(programs_, {});
  ASSERT_TRUE(version) << version.error().message;
  EXPECT_GE(*version, (NixVersion{2, 8}));
}

}  // namespace
}  // namespace matic::nixos

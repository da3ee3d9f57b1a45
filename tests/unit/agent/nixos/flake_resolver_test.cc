#include "agent/nixos/flake_resolver.h"

#include <gmock/gmock.h>

namespace matic::nixos {
namespace {

using testing::HasSubstr;

std::string Resolved(FlakeResolver& resolver, const std::string& source) {
  const auto resolved = resolver.Resolve(source, "", "24.05", {});
  return resolved ? resolved->source : resolved.error().message;
}

TEST(FlakeResolverTest, WhatIsNamedGoesBeforeWhatIsConfigured) {
  FlakeResolver resolver("/etc/nixos#web");
  EXPECT_EQ(Resolved(resolver, ""), "/etc/nixos#web");
  EXPECT_EQ(Resolved(resolver, "/srv/other#web"), "/srv/other#web");
  resolver.Configure("/srv/config#web");
  EXPECT_EQ(Resolved(resolver, ""), "/srv/config#web");
}

TEST(FlakeResolverTest, WithoutEitherThereIsNothingToUpdateTo) {
  FlakeResolver resolver("");
  const Result<> checked = resolver.Check("", "");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(checked.error().message, HasSubstr("nixos.flake"));
  EXPECT_TRUE(resolver.Check("/nix/store/x-nixos-system-web-24.11", ""));
}

TEST(FlakeResolverTest, ADigestIsRefused) {
  FlakeResolver resolver("/etc/nixos#web");
  const Result<> checked = resolver.Check("", std::string(64, 'a'));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(checked.error().message, HasSubstr("a digest belongs to an image"));
}

}  // namespace
}  // namespace matic::nixos

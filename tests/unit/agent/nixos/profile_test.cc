#include "agent/nixos/profile.h"

#include <gmock/gmock.h>

#include "tests/unit/agent/nixos/nix_host.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ProfileTest : public NixHost {
 protected:
  // "1 2* 3-": 2 is current, and the system of 3 is gone.
  std::string Generations() const {
    const Result<std::vector<Generation>> list = profile_.List();
    if (!list) return list.error().message;
    std::string text;
    for (const Generation& generation : *list) {
      text += (text.empty() ? "" : " ") + std::to_string(generation.number) +
              (generation.current ? "*" : "") + (generation.present ? "" : "-");
    }
    return text;
  }

  uint64_t Set(const fs::path& system) {
    const Result<Generation> set = profile_.Set(system, {});
    EXPECT_TRUE(set) << (set ? "" : set.error().message);
    return set ? set->number : 0;
  }

  const Profile profile_{programs_, fs::canonical(folder_.path()) / "profiles/system"};
};

TEST_F(ProfileTest, WhereThereIsNoneThereAreNoGenerations) {
  EXPECT_EQ(Generations(), "");
  EXPECT_EQ(profile_.Current().value(), std::nullopt);
  EXPECT_EQ(profile_.NumberOf("/nix/store/x").value(), 1u);
  EXPECT_EQ(Profile(programs_, folder_ / "no/profiles/system").List().value().size(), 0u);
}

TEST_F(ProfileTest, GenerationsAreMadeAndSwitchedTo) {
  const fs::path first = MakeSystem("1");
  const fs::path second = MakeSystem("2");
  EXPECT_EQ(Set(first), 1u);
  EXPECT_EQ(profile_.NumberOf(second).value(), 2u);
  EXPECT_EQ(Set(second), 2u);
  EXPECT_EQ(Generations(), "1 2*");

  const Result<Generation> back = profile_.SwitchTo(1, {});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->system, first);
  EXPECT_EQ(Generations(), "1* 2");
  EXPECT_EQ(fs::canonical(profile_.link()), first);
  EXPECT_THAT(Do({"nix-env", "-p", profile_.link().string(), "--list-generations"}),
              HasSubstr("(current)\n   2"));
}

TEST_F(ProfileTest, ASystemGetsTheNumberThatWasForetold) {
  const fs::path first = MakeSystem("1");
  const fs::path second = MakeSystem("2");
  Set(first);
  Set(second);
  ASSERT_TRUE(profile_.SwitchTo(1, {}));
  for (const fs::path& system : {first, second, first, first}) {
    const uint64_t foretold = profile_.NumberOf(system).value();
    EXPECT_EQ(Set(system), foretold);
    EXPECT_EQ(Set(system), foretold) << "a second time";
  }
  // Nix uses the newest generation's number again; only the third of them was new.
  EXPECT_EQ(Generations(), "1 2 3*");
}

TEST_F(ProfileTest, WhatTheCollectorTookIsNotSwitchedTo) {
  Set(MakeSystem("1"));
  const fs::path gone = MakeSystem("2");
  Set(gone);
  Set(MakeSystem("3"));
  fs::remove(profile_.link().parent_path() / "system-2-link");
  fs::remove(folder_ / "system-2");
  Do({"nix-store", "--gc"});
  fs::create_symlink(gone, profile_.link().parent_path() / "system-2-link");
  EXPECT_EQ(Generations(), "1 2- 3*");

  for (const auto& changed : {profile_.SwitchTo(2, {}), profile_.Set(gone, {})}) {
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(changed.error().message, HasSubstr(gone.string()));
  }
  EXPECT_EQ(Generations(), "1 2- 3*");
}

TEST_F(ProfileTest, AGenerationThatNeverWasIsNotSwitchedTo) {
  Set(MakeSystem("1"));
  const Result<Generation> changed = profile_.SwitchTo(17, {});
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(changed.error().message, HasSubstr("generation 17"));
  EXPECT_EQ(Generations(), "1*");
}

TEST_F(ProfileTest, AFolderIsNoProfile) {
  const fs::path system = MakeSystem("1");
  fs::create_directory(profile_.link());
  EXPECT_THAT(Generations(), HasSubstr("is no symbolic link"));
  const Result<Generation> set = profile_.Set(system, {});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ErrorCode::kRefused);
  EXPECT_TRUE(fs::is_directory(profile_.link()));
}

TEST_F(ProfileTest, AProfileThatLeadsAstrayIsToldAndLeftAlone) {
  const fs::path system = MakeSystem("1");
  for (const fs::path& target : {system, fs::path("system-7-link"), fs::path("other-1-link"),
                                 fs::path("system-x-link"), fs::path("elsewhere/system-1-link")}) {
    fs::remove(profile_.link());
    fs::create_symlink(target, profile_.link());
    const Result<Generation> set = profile_.Set(system, {});
    ASSERT_FALSE(set) << target;
    EXPECT_EQ(set.error().code, ErrorCode::kCorrupt) << target;
    EXPECT_EQ(fs::read_symlink(profile_.link()), target);
  }
}

TEST_F(ProfileTest, WhatIsNoGenerationIsPassedBy) {
  Set(MakeSystem("1"));
  Write("profiles/system-2-link", "a file");
  for (const char* name : {"system--link", "system-link", "system-1x-link", "system-9-link.tmp",
                           "system-99999999999999999999999-link", "other-5-link", "system-"}) {
    fs::create_symlink("/nix/store/x", folder_ / ("profiles/" + std::string(name)));
  }
  EXPECT_EQ(Generations(), "1*");
}

TEST_F(ProfileTest, WhatNixDoesNotKnowIsNoSystemToSet) {
  Set(MakeSystem("1"));
  const fs::path planted = folder_ / "nix/store/00000000000000000000000000000000-planted";
  fs::create_directories(planted);
  const Result<Generation> set = profile_.Set(planted, {});
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().message, HasSubstr("nix-env exited with 1"));
  EXPECT_EQ(Generations(), "1*");
}

}  // namespace
}  // namespace matic::nixos

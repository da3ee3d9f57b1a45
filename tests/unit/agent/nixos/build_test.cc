#include "agent/nixos/build.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "tests/unit/agent/nixos/nix_host.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class BuildTest : public NixHost {
 protected:
  Result<System> BuildHost(const std::string& host, std::stop_token stop = {},
                           std::chrono::milliseconds deadline = 1min) {
    return Build(FlakeTarget{.flake = (folder_ / "config").string(), .host = host}, std::move(stop),
                 deadline);
  }

  Result<System> Build(std::variant<FlakeTarget, ChannelTarget> target, std::stop_token stop = {},
                       std::chrono::milliseconds deadline = 1min) {
    return BuildSystem(
        programs_,
        {.target = std::move(target), .out_link = folder_ / "gcroots/next", .deadline = deadline},
        std::move(stop));
  }

  std::string LinkTarget() const {
    std::error_code none;
    return fs::read_symlink(folder_ / "gcroots/next", none).string();
  }
};

TEST_F(BuildTest, AFlakesHostIsBuiltAndKept) {
  WriteFlake("24.05");
  const Result<System> system = BuildHost("web");
  ASSERT_TRUE(system) << system.error().message;
  EXPECT_EQ(system->version, "24.05");
  EXPECT_TRUE(system->has_switch);
  EXPECT_EQ(LinkTarget(), system->path);
  EXPECT_FALSE(fs::exists(folder_ / "config/flake.lock"));

  Do({"nix-store", "--gc"});
  EXPECT_TRUE(fs::exists(system->path / "nixos-version"));
}

TEST_F(BuildTest, AChannelsSystemIsBuilt) {
  Write("nixpkgs/nixos/default.nix", "{ ... }: { system = import <nixos-config>; }");
  Write("config/configuration.nix", "import ./toplevel.nix { version = \"23.11\"; }");
  const Result<System> system =
      Build(ChannelTarget{"nixpkgs=" + (folder_ / "nixpkgs").string() +
                          ":nixos-config=" + (folder_ / "config/configuration.nix").string()});
  ASSERT_TRUE(system) << system.error().message;
  EXPECT_EQ(system->version, "23.11");
  EXPECT_EQ(LinkTarget(), system->path);
}

TEST_F(BuildTest, AFailedBuildIsQuotedAndTheLastOneKept) {
  WriteFlake("24.05");
  const Result<System> good = BuildHost("web");
  ASSERT_TRUE(good) << good.error().message;
  const Result<System> bad = BuildHost("broken");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::kIo);
  EXPECT_THAT(bad.error().message,
              StartsWith("build " + (folder_ / "config").string() + "#broken: nix build exited"));
  EXPECT_THAT(bad.error().message, HasSubstr("foo.h: no such header"));
  EXPECT_EQ(LinkTarget(), good->path);
}

TEST_F(BuildTest, AFullDiskIsCalledByItsName) {
  WriteFlake("24.05");
  const Result<System> full = BuildHost("greedy");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::kIo);
  EXPECT_THAT(full.error().message, HasSubstr("the disk is full (nix-collect-garbage"));
  EXPECT_EQ(LinkTarget(), "");
}

TEST_F(BuildTest, WhatCannotBeEvaluatedIsQuoted) {
  WriteFlake("24.05");
  const Result<System> unknown = BuildHost("nobody");
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("does not provide attribute"));

  Write("config/flake.nix", "{ outputs = { self }: { nixosConfigurations = ; }; }");
  const Result<System> broken = BuildHost("web");
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message, HasSubstr("syntax error"));

  const Result<System> nowhere =
      Build(FlakeTarget{.flake = (folder_ / "nowhere").string(), .host = "web"});
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, HasSubstr("nowhere"));

  const Result<System> no_channel = Build(ChannelTarget{"nixos-config=/no/configuration.nix"});
  ASSERT_FALSE(no_channel);
  EXPECT_THAT(no_channel.error().message, HasSubstr("nixpkgs"));
  EXPECT_EQ(LinkTarget(), "");
}

// Whether a process is left whose environment names `folder`: a builder's has its store's.
bool AnyoneWorksIn(const fs::path& folder) {
  std::error_code gone;
  for (const fs::directory_entry& process : fs::directory_iterator("/proc", gone)) {
    std::ifstream file(process.path() / "environ", std::ios::binary);
    const std::string environment{std::istreambuf_iterator<char>(file), {}};
    if (environment.find(folder.string()) != std::string::npos) return true;
  }
  return false;
}

// The killed take a moment to be gone.
bool NobodyIsLeftIn(const fs::path& folder) {
  for (int tries = 0; tries < 1000; ++tries) {
    if (!AnyoneWorksIn(folder)) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

TEST_F(BuildTest, ABuildThatHangsIsEndedWithAllThatItStarted) {
  WriteFlake("24.05");
  const fs::path begun = folder_ / "begun";
  std::stop_source stop;
  bool worked = false;
  std::jthread impatient([&](const std::stop_token& test_ends) {
    while (!fs::exists(begun) && !test_ends.stop_requested()) std::this_thread::sleep_for(10ms);
    worked = AnyoneWorksIn(folder_.path());
    stop.request_stop();
  });
  const Result<System> stopped = BuildHost("endless", stop.get_token(), 1min);
  impatient.request_stop();
  impatient.join();
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled) << stopped.error().message;
  EXPECT_TRUE(worked);
  EXPECT_TRUE(NobodyIsLeftIn(folder_.path()));
  EXPECT_EQ(LinkTarget(), "");
}

TEST_F(BuildTest, ABuildHasADeadline) {
  WriteFlake("24.05");
  const Result<System> late = BuildHost("endless", {}, 2s);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kDeadline);
  EXPECT_THAT(late.error().message,
              AllOf(HasSubstr("#endless: nix build was not done after 2 s, and ended"),
                    HasSubstr("-endless.drv")));
  EXPECT_TRUE(NobodyIsLeftIn(folder_.path()));
}

TEST_F(BuildTest, OnlyASystemThatCanBeActivatedIsOne) {
  WriteFlake("24.05");
  const Result<System> empty = BuildHost("empty");
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(empty.error().message, HasSubstr("no NixOS system"));

  const Result<System> fixed = BuildHost("fixed");
  ASSERT_FALSE(fixed);
  EXPECT_THAT(fixed.error().message, HasSubstr("no bin/switch-to-configuration"));
  EXPECT_EQ(LinkTarget(), "");
}

TEST(FlakeTargetTest, IsWrittenAsForNixosRebuild) {
  EXPECT_EQ(ParseFlakeTarget("/etc/nixos#web", "here").value(),
            (FlakeTarget{.flake = "/etc/nixos", .host = "web"}));
  EXPECT_EQ(
      ParseFlakeTarget("git+ssh://git@example.org/config?ref=main", "web.example.org").value(),
      (FlakeTarget{.flake = "git+ssh://git@example.org/config?ref=main",
                   .host = "web.example.org"}));
  for (const char* text : {"", "#web", "/etc/nixos#", "--impure", "-I#web", "/etc/nixos#a\"b",
                           "/etc/nixos#${x}", "/etc/nixos#a#b", "/etc/nixos#a\\b"}) {
    const Result<FlakeTarget> target = ParseFlakeTarget(text, "here");
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(FlakeTargetTest, HasNoLoginInIt) {
  for (const char* text :
       {"git+https://alice:geheim@h.invalid/repo?ref=main#web", "git+https://geheim@h.invalid/repo",
        "tarball+https://alice:geheim@h/x.tar.gz", "https://alice:ge/heim@h/x.tar.gz",
        "git+https://alice:ge#heim@h/repo", "git+ssh://alice:geheim@h/repo#web",
        "git+https://alice:geheim@h.invalid/repo#a\"b"}) {
    const Result<FlakeTarget> target = ParseFlakeTarget(text, "here");
    ASSERT_FALSE(target) << text;
    EXPECT_THAT(target.error().message, Not(HasSubstr("ge"))) << text;
  }
  EXPECT_THAT(ParseFlakeTarget("git+https://alice:x@h/repo", "here").error().message,
              AllOf(HasSubstr("netrc-file"), HasSubstr("access-tokens")));
  const FlakeTarget tarball{.flake = "https://h/x.tar.gz?private_token=geheim", .host = "web"};
  EXPECT_EQ(Shown(tarball), "https://h/x.tar.gz?…#web");
}

TEST(FlakeTargetTest, HasNoCharactersThatEndAnArgumentOrALine) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {"/etc/nixos\0/x#web"sv, "/etc/nixos#we\0b"sv, "/etc\n#web"sv, "/etc/\33[2J#web"sv}) {
    const Result<FlakeTarget> target = ParseFlakeTarget(text, "here");
    ASSERT_FALSE(target);
    EXPECT_EQ(target.error().message.find_first_of("\0\n\33"sv), std::string::npos);
  }
}

TEST(FlakeTargetTest, MayLieInAFolderOfThisMachine) {
  for (const char* flake : {"/etc/nixos", "path:/etc/nixos", "path:///etc/nixos",
                            "git+file:///etc/nixos?ref=main", "git+file:/etc/nixos"}) {
    EXPECT_EQ(FolderOf({.flake = flake, .host = "web"}), "/etc/nixos") << flake;
  }
  for (const char* flake : {"github:org/config", "git+ssh://git@example.org/config", "config", ".",
                            "https://example.org/config.tar.gz"}) {
    EXPECT_EQ(FolderOf({.flake = flake, .host = "web"}), std::nullopt) << flake;
  }
}

}  // namespace
}  // namespace matic::nixos

#include "agent/nixos/store_path.h"

#include <gmock/gmock.h>

#include "tests/unit/agent/nixos/nix_host.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kHash = "0123456789abcdfghijklmnpqrsvwxyz";

TEST(ParseStorePathTest, APathIsTakenAsNixWritesIt) {
  const std::string path = std::string("/nix/store/") + kHash + "-nixos-system-web-24.11.x+1_?=";
  EXPECT_EQ(ParseStorePath(path).value(), path);
  EXPECT_EQ(ParseStorePath(std::string("/s/") + kHash + "-a", "/s").value(),
            fs::path("/s") / (std::string(kHash) + "-a"));
}

TEST(ParseStorePathTest, NothingElseIs) {
  const std::string store = "/nix/store/";
  const std::string hash = kHash;
  for (const std::string& text :
       {std::string(), std::string("/nix/store"), store, store + hash, store + hash + "-",
        store + hash + "-a/bin", store + hash + "-a/../x", store + hash + "-a b",
        store + hash + "-.a", store + hash + "-a.drv", store + "." + hash.substr(1) + "-a",
        store + hash.substr(1) + "e-a", "nix/store/" + hash + "-a", store + hash + "-a\n",
        std::string("/run/current-system"), std::string("--option"),
        store + hash + "-" + std::string(212, 'a')}) {
    const Result<fs::path> path = ParseStorePath(text);
    ASSERT_FALSE(path) << text;
    EXPECT_EQ(path.error().code, ErrorCode::kInvalidArgument);
  }
}

class StorePathTest : public NixHost {
 protected:
  std::string LinkTarget() const {
    std::error_code none;
    return fs::read_symlink(link_, none).string();
  }

  Error AdoptFails(const fs::path& path) {
    const Result<System> system = AdoptSystem(programs_, path, link_, {});
    EXPECT_FALSE(system);
    EXPECT_EQ(LinkTarget(), "");
    return system ? Error{ErrorCode::kInternal, "it was adopted"} : system.error();
  }

  const fs::path link_ = fs::canonical(folder_.path()) / "state/target";
};

TEST_F(StorePathTest, ASystemThatWasCopiedHereIsAdoptedAndKept) {
  const fs::path path = MakeSystem("24.11");
  fs::remove(folder_ / "system-24.11");
  const Result<System> system = AdoptSystem(programs_, path, link_, {});
  ASSERT_TRUE(system) << system.error().message;
  EXPECT_EQ(system->version, "24.11");
  Do({"nix-store", "--gc"});
  EXPECT_TRUE(fs::exists(path / "nixos-version"));

  fs::remove(link_);
  Do({"nix-store", "--gc"});
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(StorePathTest, ACollectedSystemIsNotFound) {
  const fs::path path = MakeSystem("24.11");
  fs::remove(folder_ / "system-24.11");
  Do({"nix-store", "--gc"});
  const Error error = AdoptFails(path);
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_THAT(error.message, HasSubstr("is not in the store of this machine"));
}

// What a copy that was interrupted leaves behind.
TEST_F(StorePathTest, AFolderThatTheStoreDoesNotKnowIsNotFound) {
  const std::string name = std::string("nix/store/") + kHash + "-nixos-system-web-24.11";
  Write(name + "/nixos-version", "24.11");
  Write(name + "/bin/switch-to-configuration", "#!/bin/sh\n");
  EXPECT_EQ(AdoptFails(folder_ / name).code, ErrorCode::kNotFound);
}

TEST_F(StorePathTest, WhatIsNoSystemIsRefused) {
  const fs::path file = Do({"nix-store", "--add", Write("file", "x").string()});
  const std::string path = file.string().substr(0, file.string().size() - 1);
  const Error error = AdoptFails(path);
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message, HasSubstr("no NixOS system"));
}

TEST_F(StorePathTest, ADaemonThatDoesNotAnswerIsNotAMissingSystem) {
  const fs::path path = MakeSystem("24.11");
  const Programs none(processes_, {"PATH=/usr/bin:/bin", "HOME=" + (folder_ / "home").string(),
                                   "NIX_STORE_DIR=" + (folder_ / "nix/store").string(),
                                   "NIX_REMOTE=unix://" + (folder_ / "no-socket").string()});
  const Result<System> system = AdoptSystem(none, path, link_, {});
  ASSERT_FALSE(system);
  EXPECT_EQ(system.error().code, ErrorCode::kIo);
  EXPECT_THAT(system.error().message, HasSubstr("connect"));
}

TEST_F(StorePathTest, AFileInTheLinksPlaceIsKept) {
  const fs::path path = MakeSystem("24.11");
  fs::create_directories(link_);
  const Result<> kept = KeepInStore(programs_, path, link_, {});
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, ErrorCode::kRefused);
  EXPECT_TRUE(fs::is_directory(link_));
}

}  // namespace
}  // namespace matic::nixos

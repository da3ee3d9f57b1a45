#include "agent/nixos/system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Systems as nixpkgs lays them out, without their contents.
class SystemTest : public testing::Test {
 protected:
  fs::path Write(const std::string& name, const std::string& content) {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << content;
    return path;
  }

  void Link(const std::string& name, const std::string& target) {
    fs::create_directories((folder_ / name).parent_path());
    fs::create_symlink(target, folder_ / name);
  }

  fs::path Full(const std::string& name) {
    Write(name + "/nixos-version", "24.05.1234\n");
    Link(name + "/kernel", kKernel);
    Link(name + "/initrd", "/nix/store/0000000000000000000000000000000b-initrd-linux-6.6.8/initrd");
    Link(name + "/kernel-modules", "/nix/store/0000000000000000000000000000000c-kernel-modules");
    Write(name + "/kernel-params", "quiet loglevel=4");
    Write(name + "/init-interface-version", "systemd 2");
    Write(name + "/switch-inhibitors", R"({"dbus-implementation":"dbus","systemd":"255"})");
    fs::permissions(Write(name + "/bin/switch-to-configuration", "#!/bin/sh\n"), fs::perms::all);
    return fs::canonical(folder_ / name);
  }

  static constexpr const char* kKernel =
      "/nix/store/0000000000000000000000000000000a-linux-6.6.8/bzImage";
  const TemporaryFolder folder_;
};

TEST_F(SystemTest, AllOfASystemIsRead) {
  const fs::path path = Full("new");
  Link("booted-system", path.string());
  const Result<System> system = ReadSystem(folder_ / "booted-system");
  ASSERT_TRUE(system) << system.error().message;
  EXPECT_EQ(
      *system,
      (System{.path = path,
              .version = "24.05.1234",
              .kernel = kKernel,
              .initrd = "/nix/store/0000000000000000000000000000000b-initrd-linux-6.6.8/initrd",
              .kernel_modules = "/nix/store/0000000000000000000000000000000c-kernel-modules",
              .kernel_params = "quiet loglevel=4",
              .init_interface_version = "systemd 2",
              .switch_inhibitors = {{"dbus-implementation", "dbus"}, {"systemd", "255"}},
              .has_switch = true}));
  EXPECT_TRUE(CheckActivatable(*system));
}

TEST_F(SystemTest, AContainerHasNoKernel) {
  Write("container/nixos-version", "24.05");
  const Result<System> system = ReadSystem(folder_ / "container");
  ASSERT_TRUE(system) << system.error().message;
  EXPECT_EQ(system->kernel, "");
  EXPECT_THAT(RebootReasons(*system, *system, *system), IsEmpty());
}

TEST_F(SystemTest, WhatIsGoneIsToldFromWhatIsNoSystem) {
  Link("collected", "/nix/store/00000000000000000000000000000000-nixos-system-web");
  const Result<System> collected = ReadSystem(folder_ / "collected");
  ASSERT_FALSE(collected);
  EXPECT_EQ(collected.error().code, ErrorCode::kNotFound);

  fs::create_directories(folder_ / "other");
  const Result<System> other = ReadSystem(folder_ / "other");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(other.error().message, HasSubstr("is no NixOS system"));
}

TEST_F(SystemTest, ASystemThatNothingActivatesIsRefused) {
  fs::permissions(Full("new") / "bin/switch-to-configuration", fs::perms::owner_read);
  const Result<> activatable = CheckActivatable(ReadSystem(folder_ / "new").value());
  ASSERT_FALSE(activatable);
  EXPECT_THAT(activatable.error().message, HasSubstr("has no bin/switch-to-configuration"));
}

TEST_F(SystemTest, EqualSystemsNeedNoReboot) {
  const System old = ReadSystem(Full("old")).value();
  System next = ReadSystem(Full("new")).value();
  next.version = "24.11";
  EXPECT_THAT(RebootReasons(old, old, next), IsEmpty());
}

TEST_F(SystemTest, EachThingThatABootFixesIsAReason) {
  const System old = ReadSystem(Full("old")).value();
  System next = old;
  next.kernel = "/nix/store/1000000000000000000000000000000a-linux-6.6.10/bzImage";
  next.initrd = "/nix/store/1000000000000000000000000000000b-initrd-linux-6.6.8/initrd";
  next.kernel_modules = "";
  next.kernel_params = "loglevel=4 panic=10";
  next.init_interface_version = "systemd 3";
  next.switch_inhibitors["dbus-implementation"] = "broker";
  EXPECT_THAT(
      RebootReasons(old, old, next),
      ElementsAre("kernel: linux-6.6.8 -> linux-6.6.10", "initrd: another initrd-linux-6.6.8",
                  "kernel-modules: kernel-modules, now none", "kernel-params: -quiet +panic=10",
                  "init-interface-version: systemd 2 -> systemd 3",
                  "dbus-implementation: dbus -> broker"));
}

TEST_F(SystemTest, AKernelIsComparedWithTheBootedOneAndInhibitorsWithTheCurrentOnes) {
  const System booted = ReadSystem(Full("old")).value();
  System current = booted;  // was switched to, and its kernel waits for a reboot
  current.kernel = "/nix/store/1000000000000000000000000000000a-linux-6.6.10/bzImage";
  current.switch_inhibitors["systemd"] = "256";
  EXPECT_THAT(RebootReasons(booted, current, current),
              ElementsAre("kernel: linux-6.6.8 -> linux-6.6.10"));
  EXPECT_THAT(RebootReasons(booted, current, booted), ElementsAre("systemd: 256 -> 255"));
}

TEST_F(SystemTest, OnlyInhibitorsOfBothSystemsCount) {
  const System old = ReadSystem(Full("old")).value();
  System next = old;
  next.switch_inhibitors = {{"systemd", "255"}, {"new-component", "1"}};
  EXPECT_THAT(RebootReasons(old, old, next), IsEmpty());
}

TEST_F(SystemTest, InhibitorsThatAreNoJsonAreComparedWhole) {
  fs::create_directories(folder_ / "old");
  const fs::path old = Full("old");
  const fs::path next = Full("new");
  Write("old/switch-inhibitors", "/nix/store/x-systemd-255\n");
  Write("new/switch-inhibitors", "/nix/store/x-systemd-256\n");
  const System before = ReadSystem(old).value();
  EXPECT_EQ(RebootReasons(before, before, ReadSystem(next).value()).size(), 1u);
}

TEST_F(SystemTest, AnAbsurdFileIsRefused) {
  const fs::path path = Full("new");
  Write("new/kernel-params", std::string(1024 * 1024, 'x'));
  const Result<System> system = ReadSystem(path);
  ASSERT_FALSE(system);
  EXPECT_EQ(system.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace matic::nixos

#include "agent/deadline/nix_host.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::deadline {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNew = "/nix/store/8fk2-nixos-system-web-24.11";
constexpr std::string_view kOld = "/nix/store/1abc-nixos-system-web-24.05";
constexpr std::string_view kThisStart = "11111111-0000-4000-8000-000000000001";
constexpr std::string_view kStartBefore = "00000000-0000-4000-8000-000000000000";

struct Note {
  std::string_view path = kNew;
  std::string_view mode = "boot";
  std::string_view start_once = "one-shot";
  std::string_view boot_id = kStartBefore;
};

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

// As agent/nixos/host_state.cc writes it.
std::string WithTrial(const Note& note) {
  return R"({"version": 1, "confirmed": {"path": )" + Quoted(kOld) +
         R"(, "time": "2026-01-01T00:00:00Z", "boot_id": ")" + std::string(kStartBefore) +
         R"("}, "trial": {"path": )" + Quoted(note.path) + R"(, "previous": )" + Quoted(kOld) +
         R"(, "mode": )" + Quoted(note.mode) + R"(, "start_once": )" + Quoted(note.start_once) +
         R"(, "time": "2026-01-02T00:00:00Z", "boot_id": )" + Quoted(note.boot_id) + "}}";
}

std::optional<Reading> Judge(const std::string& state) {
  return JudgeSystem(state, kNew, kThisStart);
}

TEST(JudgeSystem, OneThatTheBootLoaderStartedOnceIsOnTrial) {
  for (const char* start_once : {"one-shot", "boot-counts", "grub-reboot"}) {
    EXPECT_EQ(Judge(WithTrial({.start_once = start_once})), Reading::kOnTrial) << start_once;
  }
}

TEST(JudgeSystem, WithoutATrialItIsSettled) {
  EXPECT_EQ(Judge(R"({"version":1,"confirmed":{"path":"/nix/store/8fk2-nixos-system-web-24.11"}})"),
            Reading::kSettled);
  EXPECT_EQ(Judge("{}"), Reading::kSettled);
}

TEST(JudgeSystem, TheTrialOfAnotherSystemIsNotOfThisOne) {
  EXPECT_EQ(Judge(WithTrial({.path = kOld})), Reading::kSettled);
}

TEST(JudgeSystem, WhatARestartWouldNotLeaveIsSettled) {
  EXPECT_EQ(Judge(WithTrial({.mode = "live"})), Reading::kSettled) << "switched to, not started";
  EXPECT_EQ(Judge(WithTrial({.start_once = "not"})), Reading::kSettled) << "started again";
  EXPECT_EQ(Judge(WithTrial({.boot_id = kThisStart})), Reading::kSettled)
      << "its trial begins with the next start";
}

TEST(JudgeSystem, ANoteThatCannotBeUnderstoodSaysNothing) {
  for (const char* text :
       {"", "{", "[]", "null", R"({"trial": null})", R"({"trial": {}})", R"({"trial": "boot"})",
        R"({"trial": {"path": 1, "mode": "boot"}})", R"({"trial": {"path": "/nix/store/8fk2"}})"}) {
    EXPECT_EQ(Judge(text), std::nullopt) << text;
  }
}

// A host in a folder, started with the new system; its /var is not mounted yet.
class NixHostTest : public testing::Test {
 protected:
  NixHostTest() {
    fs::create_directories(system_);
    fs::create_symlink(system_, places_.booted_system);
    Write(places_.boot_id, std::string(kThisStart) + "\n");
  }

  static void Write(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::string OnTrial(std::string_view boot_id) const {
    return WithTrial({.path = system_.native(), .boot_id = boot_id});
  }

  const TemporaryFolder temporary_;
  const fs::path folder_ = fs::canonical(temporary_.path());
  const fs::path system_ = folder_ / "8fk2-nixos-system-web-24.11";
  const NixPlaces places_{folder_ / "nixos.json", folder_ / "booted-system", folder_ / "boot_id"};
};

TEST_F(NixHostTest, TheTrialIsFoundOnceTheNoteIsThereAndIsOverWhenItIsGone) {
  EXPECT_EQ(LookAtNixHost(places_), std::nullopt);
  Write(places_.host_state, OnTrial(kStartBefore));
  const auto seen = LookAtNixHost(places_);
  ASSERT_TRUE(seen);
  EXPECT_EQ(*seen, (Sighting{Reading::kOnTrial, "8fk2-nixos-system-web-24.11"}));
  Write(places_.host_state, R"({"version": 1})");
  EXPECT_EQ(LookAtNixHost(places_)->reading, Reading::kSettled);
}

TEST_F(NixHostTest, ThisStartIsTheOneThatTheKernelNames) {
  Write(places_.host_state, OnTrial(kThisStart));
  EXPECT_EQ(LookAtNixHost(places_)->reading, Reading::kSettled);
}

TEST_F(NixHostTest, AMachineThatWasStartedWithNoSystemOfTheStoreIsNotFound) {
  Write(places_.host_state, OnTrial(kStartBefore));
  fs::remove(places_.booted_system);
  EXPECT_EQ(LookAtNixHost(places_), std::nullopt);
}

TEST_F(NixHostTest, ANoteWithoutEndIsNotReadWhole) {
  Write(places_.host_state, OnTrial(kStartBefore) + std::string(1 << 20, ' '));
  EXPECT_TRUE(LookAtNixHost(places_)) << "what is cut off is blank";
  Write(places_.host_state, std::string(1 << 20, ' ') + OnTrial(kStartBefore));
  EXPECT_EQ(LookAtNixHost(places_), std::nullopt);
}

}  // namespace
}  // namespace matic::deadline

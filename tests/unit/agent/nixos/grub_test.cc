#include "agent/nixos/grub.h"

#include <gmock/gmock.h>

#include "tests/unit/agent/nixos/switch_host.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// What install-grub.pl writes, shortened.
constexpr const char* kMenu = R"cfg(
search --set=drive1 --fs-uuid 1234-ABCD
if [ -s $prefix/grubenv ]; then
  load_env
fi
# `grub-reboot' sets a one-time saved entry, which we process here and
if [ "${next_entry}" ]; then
  set default="${next_entry}"
  set next_entry=
  save_env next_entry
  set timeout=1
  set boot_once=true
else
  set default=0
  set timeout=5
fi
function savedefault {
    if [ -z "${boot_once}"]; then
    saved_entry="${chosen}"
    save_env saved_entry
    fi
}
menuentry "NixOS" --class nixos --unrestricted {
search --set=drive2 --fs-uuid 1234
  linux ($drive2)/store/k/bzImage init=/nix/store/h2-nixos-system-web-2/init loglevel=4
  initrd ($drive2)/store/i/initrd
}
submenu "NixOS - All configurations" --class submenu {
menuentry "NixOS - Configuration 3 (2026-01-03 - 24.11)" --class nixos {
  linux ($drive2)/store/k/bzImage init=/nix/store/h3-nixos-system-web-3/init
}
menuentry "NixOS - Configuration 2 (2026-01-02 - 24.11)" --class nixos {
  linux ($drive2)/store/k/bzImage init=/nix/store/h2-nixos-system-web-2/init
}
}
menuentry 'Windows > 10' --id windows {
  chainloader /efi/windows.efi
}
)cfg";

GrubMenu Parse(const std::string& text) {
  const Result<GrubMenu> menu = ParseGrubMenu(text);
  EXPECT_TRUE(menu) << (menu ? "" : menu.error().message);
  return menu.value_or(GrubMenu());
}

TEST(GrubMenuTest, EntriesAreNamedByTitlesIdsAndNumbers) {
  const GrubMenu menu = Parse(kMenu);
  EXPECT_EQ(menu.start, "0");
  const auto system = [&](const char* name) -> std::optional<fs::path> {
    const GrubItem* const item = FindGrubItem(menu, name);
    return item == nullptr ? std::nullopt : item->system;
  };
  EXPECT_EQ(system("0"), "/nix/store/h2-nixos-system-web-2");
  EXPECT_EQ(system("NixOS"), "/nix/store/h2-nixos-system-web-2");
  EXPECT_EQ(system("1>0"), "/nix/store/h3-nixos-system-web-3");
  EXPECT_EQ(system("NixOS - All configurations>NixOS - Configuration 3 (2026-01-03 - 24.11)"),
            "/nix/store/h3-nixos-system-web-3");
  EXPECT_EQ(FindGrubItem(menu, "windows"), FindGrubItem(menu, "Windows >> 10"));
  EXPECT_NE(FindGrubItem(menu, "windows"), nullptr);
  for (const char* nowhere : {"", "1", "9", "1>9", "0>0", "Windows > 10", "99999999999999999999"}) {
    EXPECT_EQ(FindGrubItem(menu, nowhere), nullptr) << nowhere;
  }
}

TEST(GrubMenuTest, AGenerationIsNamedRatherThanTheDefault) {
  EXPECT_EQ(GrubNameOf(Parse(kMenu), "/nix/store/h2-nixos-system-web-2"),
            "NixOS - All configurations>NixOS - Configuration 2 (2026-01-02 - 24.11)");
}

TEST(GrubMenuTest, AProfileOfItsOwnHasASubmenu) {
  const GrubMenu menu = Parse(std::string(kMenu) +
                              "submenu \"NixOS - Profile 'matic_golden'\" --class submenu {\n"
                              "menuentry \"NixOS - Configuration 1 (2025-12-01 - 24.05)\" {\n"
                              "linux /k init=/nix/store/h1-nixos-system-web-1/init\n}\n}\n");
  const char* const name =
      "NixOS - Profile 'matic_golden'>NixOS - Configuration 1 (2025-12-01 - 24.05)";
  EXPECT_EQ(GrubNameOf(menu, "/nix/store/h1-nixos-system-web-1"), name);
  EXPECT_EQ(FindGrubItem(menu, name)->system, "/nix/store/h1-nixos-system-web-1");
}

TEST(GrubMenuTest, OneOfTwoWithATitleIsNamedByItsNumber) {
  const GrubMenu menu = Parse(
      "menuentry \"a\" {\nlinux /k init=/s/1/init\n}\nmenuentry \"a\" {\nlinux /k "
      "init=/s/2/init\n}");
  EXPECT_EQ(GrubNameOf(menu, "/s/1"), "a");
  EXPECT_EQ(GrubNameOf(menu, "/s/2"), "1");
  EXPECT_EQ(GrubNameOf(menu, "/s/3"), std::nullopt);
}

TEST(GrubMenuTest, GarbageIsPassedByAndATornFileIsNot) {
  EXPECT_TRUE(Parse(std::string("\0}\n}\n\"\\\nmenuentry\nset default\n", 30)).items.empty());
  const auto torn = ParseGrubMenu("menuentry \"a\" {\nlinux /k init=/s/1/init\n");
  ASSERT_FALSE(torn);
  EXPECT_EQ(torn.error().code, ErrorCode::kCorrupt);
  std::string deep;
  for (int i = 0; i < 10000; ++i) deep += "submenu x {\n";
  for (int i = 0; i < 10000; ++i) deep += "}\n";
  EXPECT_EQ(FindGrubItem(Parse(deep), "x"), nullptr);
}

// The real grub-editenv and grub-reboot.
class GrubTest : public SwitchHost {
 protected:
  GrubTest() {
    for (const fs::path& system : {second_, third_}) fs::create_directories(system);
    WriteMenu(kMenu);
    WriteProbe("ext2", "");
  }
  // With systems in our own store.
  void WriteMenu(std::string menu) {
    const std::string store = "/nix/store";
    for (size_t at = 0; (at = menu.find("=" + store, at)) != std::string::npos; ++at) {
      menu.replace(at + 1, store.size(), (folder_ / "store").string());
    }
    Write("boot/grub/grub.cfg", menu);
  }
  void WriteProbe(const std::string& file_system, const std::string& layers) {
    WriteProgram("grub-probe", "#!/bin/sh\ncase $1 in --target=fs) echo " + file_system +
                                   ";; *) echo " + layers + ";; esac\n");
  }
  std::string Variables() {
    return programs_
        .Run({.argv = {"grub-editenv", (folder_ / "boot/grub/grubenv").string(), "list"},
              .deadline = std::chrono::minutes(1)},
             {})
        .value();
  }

  Grub grub_{programs_, paths_};
  const fs::path second_ = folder_ / "store" / "h2-nixos-system-web-2";
  const fs::path third_ = folder_ / "store" / "h3-nixos-system-web-3";
};

TEST_F(GrubTest, ASystemIsStartedOnce) {
  EXPECT_EQ(grub_.Next({}).value(), std::nullopt);
  EXPECT_FALSE(fs::exists(folder_ / "boot/grub/grubenv"));
  const auto set = grub_.StartNext(third_, {});
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(Variables(),
            "next_entry=NixOS - All configurations>NixOS - Configuration 3 "
            "(2026-01-03 - 24.11)\n");
  EXPECT_EQ(grub_.Next({}).value(), third_);
  EXPECT_EQ(grub_.Default({}).value(), second_);
  for (int twice = 0; twice < 2; ++twice) {
    ASSERT_TRUE(grub_.ClearNext({}));
    EXPECT_EQ(grub_.Next({}).value(), std::nullopt);
  }
}

TEST_F(GrubTest, TheDefaultMayBeWhatWasStartedLast) {
  std::string menu = kMenu;
  menu.replace(menu.find("set default=0"), 13, "set default=\"${saved_entry}\"");
  WriteMenu(menu);
  EXPECT_EQ(grub_.Default({}).value(), second_);
  const auto saved = programs_.Run(
      {.argv = {"grub-editenv", (folder_ / "boot/grub/grubenv").string(), "set", "saved_entry=1>0"},
       .deadline = std::chrono::minutes(1)},
      {});
  ASSERT_TRUE(saved);
  EXPECT_EQ(grub_.Default({}).value(), third_);
}

TEST_F(GrubTest, ADiskThatGrubCannotWriteToIsRefused) {
  for (const auto& [file_system, layers] :
       {std::pair("btrfs", ""), std::pair("zfs", ""), std::pair("ext2", "lvm"),
        std::pair("ext2", "diskfilter mdraid1x")}) {
    WriteProbe(file_system, layers);
    const auto set = grub_.StartNext(third_, {});
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().code, ErrorCode::kRefused);
    EXPECT_THAT(set.error().message, HasSubstr("start it again and again"));
    EXPECT_EQ(grub_.Way(), StartOnce::kNot);
  }
  EXPECT_EQ(grub_.Next({}).value(), std::nullopt);
}

TEST_F(GrubTest, AMenuThatDoesNotAskIsRefused) {
  std::string menu = kMenu;
  menu.replace(menu.find("set default=\"${next_entry}\""), 27, "");
  WriteMenu(menu);
  EXPECT_EQ(grub_.Way(), StartOnce::kNot);
  const auto set = grub_.StartNext(third_, {});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ErrorCode::kRefused);
  EXPECT_THAT(set.error().message, HasSubstr("does not start what grub-reboot asks for"));
}

TEST_F(GrubTest, TheDefaultIsNotStartedOnce) {
  const auto set = grub_.StartNext(second_, {});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ErrorCode::kRefused);
  EXPECT_THAT(set.error().message, HasSubstr("starts h2-nixos-system-web-2 by default"));
  EXPECT_EQ(grub_.Next({}).value(), std::nullopt);
}

TEST_F(GrubTest, ASystemThatIsNotThereIsNotStarted) {
  const fs::path fourth = folder_ / "store" / "h4-nixos-system-web-4";
  const auto collected = grub_.StartNext(fourth, {});
  ASSERT_FALSE(collected);
  EXPECT_EQ(collected.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(collected.error().message, HasSubstr("a garbage collection took it"));
  fs::create_directories(fourth);
  const auto unlisted = grub_.StartNext(fourth, {});
  ASSERT_FALSE(unlisted);
  EXPECT_EQ(unlisted.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(unlisted.error().message, HasSubstr("h4-nixos-system-web-4 has no entry in"));
}

TEST_F(GrubTest, AProgramThatIsNotThereIsNamed) {
  ::setenv("PATH", (folder_ / "programs").c_str(), 1);
  fs::remove(folder_ / "programs/grub-probe");
  EXPECT_EQ(grub_.Way(), StartOnce::kGrubReboot);
  const auto set = grub_.StartNext(third_, {});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(set.error().message, HasSubstr("grub-probe is not installed, or not in the PATH"));
}

TEST_F(GrubTest, FilesThatAreBrokenAreNamed) {
  Write("boot/grub/grubenv", "no environment block");
  const auto pending = grub_.Next({});
  ASSERT_FALSE(pending);
  EXPECT_THAT(pending.error().message, HasSubstr("invalid environment block"));
  fs::remove(folder_ / "boot/grub/grub.cfg");
  EXPECT_EQ(grub_.Default({}).error().code, ErrorCode::kNotFound);
}

TEST_F(GrubTest, AGrubRebootThatDidNothingIsFound) {
  WriteProgram("grub-reboot", "#!/bin/sh\nexit 0\n");
  const auto set = grub_.StartNext(third_, {});
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().message, HasSubstr("but it is \"\" and not"));
}

}  // namespace
}  // namespace matic::nixos

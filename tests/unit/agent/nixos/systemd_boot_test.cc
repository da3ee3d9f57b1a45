#include "agent/nixos/systemd_boot.h"

#include <gmock/gmock.h>

#include "agent/nixos/loader_variables.h"
#include "tests/unit/agent/nixos/switch_host.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kVendor = "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

constexpr const char* kBootctl = R"sh(#!/bin/sh
[ "$1" = set-oneshot ] || exit 1
variable="$UNITS/../efi/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
if [ -z "$2" ]; then rm -f "$variable"; exit 0; fi
{ printf '\007\000\000\000'; printf '%s\000' "$2" | iconv -f ASCII -t UTF-16LE; } > "$variable"
)sh";

// Three generations, of which the second is the default.
class SystemdBootTest : public SwitchHost {
 protected:
  SystemdBootTest() {
    paths_.esp = folder_ / "esp";
    paths_.efi_variables = folder_ / "efi";
    fs::create_directories(paths_.efi_variables);
    WriteProgram("bootctl", kBootctl);
    WriteVariable("LoaderInfo", "systemd-boot 252.39");
    Write("boot/EFI/nixos/kernel.efi", "");
    for (const char* number : {"1", "2", "3"}) {
      Write("store/" + SystemOfGeneration(number).filename().string() + "/init", "");
      WriteEntry(number);
    }
    WriteDefault("nixos-generation-2.conf");
  }
  fs::path SystemOfGeneration(const std::string& number) const {
    return folder_ / "store" / ("hash" + number + "-nixos-system-web-" + number);
  }
  static std::string EntryOf(const std::string& number, const fs::path& system) {
    return "title NixOS\nversion Generation " + number +
           " NixOS\nsort-key nixos\nlinux /EFI/nixos/kernel.efi\noptions init=" + system.string() +
           "/init quiet\n";
  }
  void WriteEntry(const std::string& number, const std::string& counter = "") {
    Write("boot/loader/entries/nixos-generation-" + number + counter + ".conf",
          EntryOf(number, SystemOfGeneration(number)));
  }
  void CountStarts(const std::string& number, const std::string& counter) {
    fs::remove(folder_ / ("boot/loader/entries/nixos-generation-" + number + ".conf"));
    WriteEntry(number, counter);
  }
  void WriteDefault(const std::string& pattern, const std::string& before = "") {
    Write("boot/loader/loader.conf", "timeout 5\n" + before + "default " + pattern + "\n");
  }
  void WriteVariable(const std::string& name, const std::string& value) {
    std::string bytes("\7\0\0\0", 4);
    for (const char c : value + '\0') bytes += std::string{c, '\0'};
    Write("efi/" + name + kVendor, bytes);
  }
  void ForgetVariables() {
    fs::remove_all(paths_.efi_variables);
    fs::create_directories(paths_.efi_variables);
  }
  std::string Variable(const std::string& name) {
    return ReadLoaderVariable(paths_, name).value().value_or("");
  }
  std::optional<fs::path> Default() {
    const auto system = MakeLoader()->Default({});
    EXPECT_TRUE(system) << (system ? "" : system.error().message);
    return system.value_or(std::nullopt);
  }
  std::optional<fs::path> Next() { return MakeLoader()->Next({}).value(); }
  std::unique_ptr<BootLoader> MakeLoader() {
    return MakeBootLoader(programs_, paths_, config::LoaderChoice::kAuto);
  }
};

TEST_F(SystemdBootTest, ASystemIsStartedOnce) {
  EXPECT_EQ(MakeLoader()->Name(), "systemd-boot");
  EXPECT_EQ(Next(), std::nullopt);
  const auto set = MakeLoader()->StartNext(SystemOfGeneration("3"), {});
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(Next(), SystemOfGeneration("3"));
  EXPECT_EQ(Default(), SystemOfGeneration("2"));
  for (int twice = 0; twice < 2; ++twice) {
    ASSERT_TRUE(MakeLoader()->ClearNext({}));
    EXPECT_EQ(Next(), std::nullopt);
  }
}

TEST_F(SystemdBootTest, TheDefaultMayBeAPattern) {
  WriteDefault("nixos-*");
  EXPECT_EQ(Default(), SystemOfGeneration("3"));
  WriteDefault("gone.conf");
  EXPECT_EQ(Default(), SystemOfGeneration("3"));
  fs::remove(folder_ / "boot/loader/loader.conf");
  EXPECT_EQ(Default(), SystemOfGeneration("3"));
}

TEST_F(SystemdBootTest, TheEspMayBeAnotherPartition) {
  for (const std::string esp : {"esp", "boot/efi"}) {
    WriteDefault("nixos-generation-2.conf");
    fs::rename(folder_ / "boot/loader/loader.conf", Write(esp + "/loader/loader.conf", ""));
    EXPECT_EQ(Default(), SystemOfGeneration("2"));
    fs::remove_all(folder_ / esp);
  }
}

TEST_F(SystemdBootTest, WhatAPersonChoseIsTheDefault) {
  WriteVariable("LoaderEntryDefault", "nixos-generation-1.conf");
  EXPECT_EQ(Default(), SystemOfGeneration("1"));
  WriteVariable("LoaderEntryDefault", "@saved");
  WriteVariable("LoaderEntryLastBooted", "nixos-generation-3.conf");
  EXPECT_EQ(Default(), SystemOfGeneration("3"));
}

TEST_F(SystemdBootTest, AnotherSystemIsNoneOfOurs) {
  Write("boot/EFI/windows.efi", "");
  Write("boot/loader/entries/windows.conf", "title Windows\nefi /EFI/windows.efi\n");
  WriteDefault("windows.conf");
  EXPECT_EQ(Default(), std::nullopt);
}

TEST_F(SystemdBootTest, AnEntryWhoseStartsAreCountedIsStartedOnceToo) {
  CountStarts("3", "+2-1");
  WriteDefault("nixos-*", "preferred nixos-generation-2.conf\n");
  ASSERT_TRUE(MakeLoader()->StartNext(SystemOfGeneration("3"), {}));
  EXPECT_EQ(Next(), SystemOfGeneration("3"));
  EXPECT_EQ(Default(), SystemOfGeneration("2"));
}

TEST_F(SystemdBootTest, ADefaultIsStartedOnceWhereItsStartsAreCounted) {
  WriteDefault("nixos-*");
  const auto again = MakeLoader()->StartNext(SystemOfGeneration("3"), {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kRefused);
  EXPECT_THAT(again.error().message, AllOf(HasSubstr("starts hash3-nixos-system-web-3 by default"),
                                           HasSubstr("bootctl set-default")));
  EXPECT_EQ(Next(), std::nullopt);
  CountStarts("3", "+3");
  ASSERT_TRUE(MakeLoader()->StartNext(SystemOfGeneration("3"), {}));
  EXPECT_EQ(Next(), SystemOfGeneration("3"));
}

TEST_F(SystemdBootTest, WithoutVariablesCountersDo) {
  ForgetVariables();
  const auto loader = MakeBootLoader(programs_, paths_, config::LoaderChoice::kSystemdBoot);
  EXPECT_EQ(loader->Way(), StartOnce::kNot);
  const auto untold = loader->StartNext(SystemOfGeneration("3"), {});
  ASSERT_FALSE(untold);
  EXPECT_EQ(untold.error().code, ErrorCode::kRefused);
  EXPECT_THAT(untold.error().message, HasSubstr("efi has none of it, or is read-only"));
  WriteDefault("nixos-*", "preferred nixos-generation-3.conf\n");
  EXPECT_EQ(loader->Way(), StartOnce::kBootCounts);
  EXPECT_EQ(loader->StartNext(SystemOfGeneration("3"), {}).error().code, ErrorCode::kRefused);
  CountStarts("3", "+3");
  EXPECT_TRUE(loader->StartNext(SystemOfGeneration("3"), {}));
  EXPECT_THAT(loader->StartNext(SystemOfGeneration("2"), {}).error().message,
              HasSubstr("hash2-nixos-system-web-2 is not that"));
}

TEST_F(SystemdBootTest, OfTwoEntriesTheNewestIsStarted) {
  Write("boot/loader/entries/nixos-golden-generation-1.conf",
        EntryOf("1", SystemOfGeneration("3")));
  Write("boot/loader/entries/nixos-generation-4.conf", EntryOf("4", SystemOfGeneration("3")));
  ASSERT_TRUE(MakeLoader()->StartNext(SystemOfGeneration("3"), {}));
  EXPECT_EQ(Variable("LoaderEntryOneShot"), "nixos-generation-4.conf");
}

TEST_F(SystemdBootTest, WhatAGarbageCollectionTookIsNotStarted) {
  fs::remove_all(SystemOfGeneration("3"));
  const auto set = MakeLoader()->StartNext(SystemOfGeneration("3"), {});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(set.error().message, HasSubstr("a garbage collection took it"));
  WriteDefault("nixos-generation-3.conf");
  EXPECT_EQ(Default(), SystemOfGeneration("3"));
}

TEST_F(SystemdBootTest, VariablesThatMakeNoSenseArePassedBy) {
  for (const char* name : {"LoaderEntryDefault", "LoaderEntryOneShot"}) {
    for (const std::string& value : {std::string(), std::string("abc"), std::string(4, '\0'),
                                     std::string("\7\0\0\0\xff\xd8", 6)}) {
      Write("efi/" + std::string(name) + kVendor, value);
      EXPECT_EQ(Default(), SystemOfGeneration("2"));
      EXPECT_EQ(Next(), std::nullopt);
    }
  }
}

TEST_F(SystemdBootTest, ALoaderConfThatIsNoneIsNamed) {
  Write("boot/loader/loader.conf", std::string(1 << 20, 'x'));
  const auto system = MakeLoader()->Default({});
  ASSERT_FALSE(system);
  EXPECT_THAT(system.error().message, HasSubstr("boot/loader/loader.conf"));
  Write("boot/loader/loader.conf", std::string("\0\xff\ndefault\n  default\t", 22));
  EXPECT_EQ(Default(), SystemOfGeneration("3"));
}

TEST_F(SystemdBootTest, AnEntryThatIsBadIsNotStarted) {
  CountStarts("3", "+0-3");
  WriteDefault("nixos-*", "preferred nixos-generation-3.conf\n");
  EXPECT_EQ(Default(), SystemOfGeneration("2"));
  const auto set = MakeLoader()->StartNext(SystemOfGeneration("3"), {});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ErrorCode::kRefused);
  EXPECT_EQ(Next(), std::nullopt);
}

TEST_F(SystemdBootTest, ASystemWithoutAnEntryIsNotStarted) {
  fs::create_directories(SystemOfGeneration("4"));
  const auto set = MakeLoader()->StartNext(SystemOfGeneration("4"), {});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(set.error().message, HasSubstr("hash4-nixos-system-web-4 has no boot entry"));
}

TEST_F(SystemdBootTest, WhatWasNotWrittenIsFound) {
  WriteProgram("bootctl", "#!/bin/sh\nexit 0\n");
  const auto silent = MakeLoader()->StartNext(SystemOfGeneration("3"), {});
  ASSERT_FALSE(silent);
  EXPECT_THAT(silent.error().message, HasSubstr("LoaderEntryOneShot, but there is none"));
  WriteProgram("bootctl", "#!/bin/sh\necho 'Not booted with UEFI.' >&2; exit 1\n");
  const auto loud = MakeLoader()->StartNext(SystemOfGeneration("3"), {});
  EXPECT_THAT(loud.error().message,
              AllOf(HasSubstr("bootctl set-oneshot"), HasSubstr("Not booted with UEFI.")));
}

TEST_F(SystemdBootTest, AOneShotOfAnEntryThatIsGoneIsNothing) {
  WriteVariable("LoaderEntryOneShot", "nixos-generation-9.conf");
  EXPECT_EQ(Next(), std::nullopt);
}

TEST_F(SystemdBootTest, TheBootLoaderIsFoundOutAtEachCall) {
  const auto loader = MakeLoader();
  WriteVariable("LoaderInfo", "GRUB 2.12");
  Write("boot/grub/grub.cfg", "");
  EXPECT_EQ(loader->Name(), "GRUB");
  WriteVariable("LoaderInfo", "systemd-boot 252.39");
  EXPECT_EQ(loader->Name(), "systemd-boot");
  EXPECT_EQ(loader->Way(), StartOnce::kOneShot);
  WriteVariable("LoaderInfo", "limine");
  fs::remove_all(paths_.boot);
  EXPECT_EQ(loader->Way(), StartOnce::kNot);
}

TEST_F(SystemdBootTest, AnotherBootLoaderCannot) {
  const auto loader = MakeBootLoader(programs_, paths_, config::LoaderChoice::kNone);
  EXPECT_EQ(loader->Way(), StartOnce::kNot);
  EXPECT_EQ(loader->Default({}).value(), std::nullopt);
  EXPECT_EQ(loader->Next({}).value(), std::nullopt);
  EXPECT_TRUE(loader->ClearNext({}));
  const auto set = loader->StartNext(SystemOfGeneration("3"), {});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ErrorCode::kRefused);
  EXPECT_THAT(set.error().message, HasSubstr("neither systemd-boot nor GRUB"));
}

}  // namespace
}  // namespace matic::nixos

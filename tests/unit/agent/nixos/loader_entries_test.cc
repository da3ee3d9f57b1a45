#include "agent/nixos/loader_entries.h"

#include <gmock/gmock.h>

#include <fstream>

#include "agent/nixos/boot_loader.h"
#include "agent/nixos/loader_variables.h"
#include "agent/nixos/uki_command_line.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LoaderEntriesTest : public testing::Test {
 protected:
  LoaderEntriesTest() { Write("EFI/nixos/kernel.efi", ""); }
  void Write(const std::string& name, const std::string& content) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }
  void WriteEntry(const std::string& name, const std::string& more) {
    Write("loader/entries/" + name, "title NixOS\nlinux /EFI/nixos/kernel.efi\n" + more);
  }
  std::vector<std::string> Ids() {
    std::vector<std::string> ids;
    const Result<std::vector<LoaderEntry>> entries = ReadLoaderEntries({folder_.path()});
    EXPECT_TRUE(entries) << (entries ? "" : entries.error().message);
    for (const LoaderEntry& entry : entries.value_or(std::vector<LoaderEntry>())) {
      ids.push_back(entry.id);
    }
    return ids;
  }

  const TemporaryFolder folder_;
};

constexpr size_t kOptionalHeader = 112;

// A PE32+ file whose first section is .cmdline, `in_memory` bytes long when it is loaded.
std::string MakeUki(const std::string& command_line, size_t in_memory) {
  const auto little = [](size_t value, size_t size) {
    std::string bytes;
    for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
    return bytes;
  };
  std::string uki = "MZ" + std::string(58, '\0') + little(64, 4);
  uki += std::string("PE\0\0", 4) + little(0x8664, 2) + little(1, 2) + std::string(12, '\0') +
         little(kOptionalHeader, 2) + little(0, 2);
  uki += little(0x20b, 2) + std::string(kOptionalHeader - 2, '\0');
  uki += ".cmdline" + little(in_memory, 4) + little(0x1000, 4) + little(command_line.size(), 4) +
         little(uki.size() + 40, 4) + std::string(16, '\0');
  return uki + command_line;
}
std::string MakeUki(const std::string& command_line) {
  return MakeUki(command_line, command_line.size());
}

TEST(SystemOfTest, TheLastInitCounts) {
  EXPECT_EQ(SystemOf("quiet init=/nix/store/a-nixos-system-web-1/init loglevel=4"),
            "/nix/store/a-nixos-system-web-1");
  EXPECT_EQ(SystemOf("init=/nix/store/a/init init=/nix/store/b/init"), "/nix/store/b");
  EXPECT_EQ(SystemOf("init=/nix/store/a/init init=/bin/sh"), std::nullopt);
  EXPECT_EQ(SystemOf("xinit=/nix/store/a/init init=nix/init"), std::nullopt);
  EXPECT_EQ(SystemOf(""), std::nullopt);
}

TEST_F(LoaderEntriesTest, TheOrderIsThatOfTheMenu) {
  const auto write = [&](const std::string& name, const std::string& number) {
    WriteEntry(name, "sort-key nixos\nmachine-id abc\nversion Generation " + number +
                         " NixOS 24.11, built on 2026-01-01\n");
  };
  write("nixos-generation-9.conf", "9");
  write("nixos-generation-10.conf", "10");
  write("nixos-generation-11+0-3.conf", "11");
  write("nixos-matic_golden-generation-1.conf", "1");
  WriteEntry("memtest.conf", "sort-key o_memtest\n");
  WriteEntry("arch.conf", "");
  EXPECT_THAT(Ids(), ElementsAre("nixos-generation-10.conf", "nixos-generation-9.conf",
                                 "nixos-matic_golden-generation-1.conf", "memtest.conf",
                                 "arch.conf", "nixos-generation-11.conf"));
}

TEST_F(LoaderEntriesTest, CountersAreInTheName) {
  WriteEntry("nixos-generation-1+3.conf", "");
  WriteEntry("nixos-generation-2+2-1.conf", "");
  WriteEntry("nixos-generation-3.conf", "");
  WriteEntry("c++.conf", "");
  WriteEntry("odd+x-1.conf", "");
  const auto entries = ReadLoaderEntries({folder_.path()});
  ASSERT_TRUE(entries);
  std::map<std::string, std::optional<int>> tries;
  for (const LoaderEntry& entry : *entries) tries[entry.id] = entry.tries_left;
  EXPECT_THAT(tries, ElementsAre(testing::Pair("c++.conf", std::nullopt),
                                 testing::Pair("nixos-generation-1.conf", 3),
                                 testing::Pair("nixos-generation-2.conf", 2),
                                 testing::Pair("nixos-generation-3.conf", std::nullopt),
                                 testing::Pair("odd+x-1.conf", std::nullopt)));
}

TEST_F(LoaderEntriesTest, UnifiedKernelImagesTellTheirSystem) {
  const std::string line = "init=/nix/store/a-nixos-system-web-2/init quiet";
  Write("EFI/Linux/nixos-generation-2-abc.efi", MakeUki(line));
  Write("EFI/Linux/torn.efi", MakeUki(line).substr(0, 90));
  Write("EFI/nixos/web-uki.efi", MakeUki("init=/nix/store/a-nixos-system-web-3/init"));
  Write("loader/entries/nixos-abc.conf", "title NixOS\nuki /EFI/nixos/web-uki.efi\n");
  const auto entries = ReadLoaderEntries({folder_.path()});
  ASSERT_TRUE(entries);
  std::map<std::string, std::optional<fs::path>> systems;
  for (const LoaderEntry& entry : *entries) systems[entry.id] = entry.system;
  EXPECT_THAT(
      systems,
      ElementsAre(testing::Pair("nixos-abc.conf", "/nix/store/a-nixos-system-web-3"),
                  testing::Pair("nixos-generation-2-abc.efi", "/nix/store/a-nixos-system-web-2")));
}

TEST_F(LoaderEntriesTest, GarbageIsNoEntry) {
  Write("loader/entries/empty.conf", "");
  Write("loader/entries/noise.conf", std::string("\0\xff\n\n \nlinux\n", 13));
  Write("loader/entries/huge.conf", std::string(1 << 20, 'x'));
  Write("loader/entries/nixos-generation-7.conf.tmp", "linux /x\n");
  fs::create_directories(folder_ / "loader/entries/folder.conf");
  EXPECT_THAT(Ids(), IsEmpty());
}

TEST_F(LoaderEntriesTest, ABootPartitionThatIsNotMountedIsNamed) {
  const auto entries = ReadLoaderEntries({folder_ / "boot", folder_ / "efi"});
  ASSERT_FALSE(entries);
  EXPECT_EQ(entries.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(entries.error().message,
              AllOf(HasSubstr("/boot/loader/entries"), HasSubstr("is the boot partition mounted")));
}

TEST_F(LoaderEntriesTest, AFolderThatCannotBeReadIsNamed) {
  Write("loader/entries", "");
  const auto entries = ReadLoaderEntries({folder_.path()});
  ASSERT_FALSE(entries);
  EXPECT_EQ(entries.error().code, ErrorCode::kIo);
  EXPECT_THAT(entries.error().message, HasSubstr("loader/entries: Not a directory"));
}

TEST_F(LoaderEntriesTest, PartitionsAreOneMenu) {
  WriteEntry("nixos-generation-1.conf", "");
  Write("efi/EFI/nixos/kernel.efi", "");
  Write("efi/loader/entries/nixos-generation-2.conf", "linux /EFI/nixos/kernel.efi\n");
  const auto entries = ReadLoaderEntries({folder_.path(), folder_ / "efi", folder_ / "none"});
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ(entries->front().id, "nixos-generation-2.conf");
}

TEST_F(LoaderEntriesTest, AnEntryWithoutItsKernelIsNone) {
  Write("loader/entries/nixos-generation-1.conf", "linux /EFI/nixos/gone.efi\n");
  WriteEntry("nixos-generation-2.conf", "");
  EXPECT_THAT(Ids(), ElementsAre("nixos-generation-2.conf"));
}

TEST_F(LoaderEntriesTest, EntriesAreFoundByIdsAndPatterns) {
  WriteEntry("nixos-generation-5.conf", "");
  WriteEntry("nixos-generation-50+2-1.conf", "");
  WriteEntry("nixos-generation-51+0-3.conf", "");
  const auto entries = ReadLoaderEntries({folder_.path()});
  ASSERT_TRUE(entries);
  const auto find = [&](const char* pattern, BadEntries bad = BadEntries::kTaken) {
    const LoaderEntry* const entry = FindLoaderEntry(*entries, pattern, bad);
    return entry == nullptr ? "" : entry->id;
  };
  EXPECT_EQ(find("NixOS-Generation-5.conf"), "nixos-generation-5.conf");
  EXPECT_EQ(find("nixos-generation-5"), "nixos-generation-5.conf");
  EXPECT_EQ(find("nixos-generation-50.conf"), "nixos-generation-50.conf");
  EXPECT_EQ(find("nixos-generation-50+2-1.conf"), "nixos-generation-50.conf");
  EXPECT_EQ(find("nixos-generation-5[.+]*conf"), "nixos-generation-5.conf");
  EXPECT_EQ(find("nixos-generation-5?.conf"), "nixos-generation-50.conf");
  EXPECT_EQ(find("nixos-*"), "nixos-generation-50.conf");
  EXPECT_EQ(find("nixos-generation-51.conf"), "nixos-generation-51.conf");
  EXPECT_EQ(find("nixos-generation-51.conf", BadEntries::kPassedBy), "");
  for (const char* nothing : {"", "[", "\\", "windows.conf", "nixos-generation"}) {
    EXPECT_EQ(find(nothing), "") << nothing;
  }
}

TEST(UkiCommandLineTest, WhatIsNoUkiIsCorrupt) {
  const TemporaryFolder folder;
  const std::string whole = MakeUki("init=/x/init");
  for (size_t size = 0; size < whole.size(); ++size) {
    std::ofstream(folder / "x.efi", std::ios::binary) << whole.substr(0, size);
    const auto line = ReadUkiCommandLine(folder / "x.efi");
    ASSERT_FALSE(line) << size;
    EXPECT_EQ(line.error().code, ErrorCode::kCorrupt);
  }
}

TEST(UkiCommandLineTest, IsAsLongAsItsContent) {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& uki) {
    std::ofstream(folder / "x.efi", std::ios::binary) << uki << "another section";
    return ReadUkiCommandLine(folder / "x.efi").value_or("none");
  };
  EXPECT_EQ(read(MakeUki("init=/x/init")), "init=/x/init");
  EXPECT_EQ(read(MakeUki("init=/x/init" + std::string(500, '\0'), 12)), "init=/x/init")
      << "padded to the file's alignment";
  EXPECT_EQ(read(MakeUki("init=/x/init", 4096)), "init=/x/init") << "the rest is zero in memory";
  EXPECT_EQ(read(MakeUki("init=/x/init", 65537)), "none");
}

TEST(LoaderVariableTest, AStringThatIsNoneIsNothing) {
  const TemporaryFolder folder;
  const HostPaths paths{.efi_variables = folder.path()};
  EXPECT_EQ(ReadLoaderVariable(paths, "LoaderInfo").value(), std::nullopt);
  std::ofstream(folder / "LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f") << "abc";
  EXPECT_EQ(ReadLoaderVariable(paths, "LoaderInfo").value(), std::nullopt);
}

}  // namespace
}  // namespace matic::nixos

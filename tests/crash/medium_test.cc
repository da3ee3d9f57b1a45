// What a power loss may leave of recorded operations.
#include "tests/crash/medium.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "lib/os/durable_file.h"
#include "tests/crash/cuts.h"
#include "tests/crash/recorder.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::crash {
namespace {

using FateKind = Fate::Kind;

Operation Of(Kind kind, uint32_t file = 0, const std::string& name = {}) {
  Operation operation;
  operation.kind = kind;
  operation.file = file;
  operation.name = name;
  return operation;
}

Operation Write(Kind kind, uint64_t offset, size_t length, uint8_t byte, uint32_t file = 0) {
  Operation operation = Of(kind, file);
  operation.offset = offset;
  operation.bytes.assign(length, byte);
  return operation;
}

Operation Rename(uint32_t file, const std::string& from, const std::string& to) {
  Operation operation = Of(Kind::kRename, file, from);
  operation.new_name = to;
  return operation;
}

class MediumTest : public testing::Test {
 protected:
  Storage Take(const Journal& journal) {
    journal_ = journal;
    Storage storage(start_);
    for (const Operation& operation : journal_) storage.Take(operation);
    return storage;
  }
  Medium AllLost(const Journal& journal) {
    const Storage storage = Take(journal);
    return storage.After(std::vector<Fate>(storage.pending().size()));
  }

  // file 1 is called "state".
  const Medium start_{std::vector<uint8_t>(8192, 0), {{"state", "old"}}};
  Journal journal_;
};

TEST_F(MediumTest, WhatWasFlushedStays) {
  const Medium left = AllLost({Write(Kind::kDiskWrite, 0, 512, 1), Of(Kind::kDiskFlush),
                               Write(Kind::kDiskWrite, 512, 512, 2)});
  EXPECT_EQ(left.disk[0], 1);
  EXPECT_EQ(left.disk[512], 0);
}

TEST_F(MediumTest, AWriteIsTornAtASector) {
  const Storage storage = Take({Write(Kind::kDiskWrite, 1024, 1024, 7)});
  const Fate head[] = {{FateKind::kHead, 512}};
  EXPECT_EQ(storage.After(head).disk[1024], 7);
  EXPECT_EQ(storage.After(head).disk[1536], 0);
  const Fate tail[] = {{FateKind::kTail, 512}};
  EXPECT_EQ(storage.After(tail).disk[1024], 0);
  EXPECT_EQ(storage.After(tail).disk[1536], 7);
}

TEST_F(MediumTest, ARenameIsLostWithoutItsFolder) {
  const Journal replace = {Of(Kind::kCreate, 2, ".new"), Write(Kind::kFileWrite, 0, 3, 'n', 2),
                           Of(Kind::kFileSync, 2), Rename(2, ".new", "state")};
  EXPECT_EQ(AllLost(replace).files.at("state"), "old");
  Journal durable = replace;
  durable.push_back(Of(Kind::kFolderSync));
  EXPECT_EQ(AllLost(durable).files, (std::map<std::string, std::string>{{"state", "nnn"}}));
}

TEST_F(MediumTest, ARenamedFileIsEmptyWithoutItsSync) {
  const Journal replace = {Of(Kind::kCreate, 2, ".new"), Write(Kind::kFileWrite, 0, 3, 'n', 2),
                           Rename(2, ".new", "state"), Of(Kind::kFolderSync)};
  EXPECT_EQ(AllLost(replace).files.at("state"), "");
  const Storage storage = Take(replace);
  const Fate hole[] = {{FateKind::kHole}};
  EXPECT_EQ(storage.After(hole).files.at("state"), std::string(3, '\0'));
}

TEST_F(MediumTest, AnAppendIsTornAnywhere) {
  const Storage storage = Take({Write(Kind::kFileWrite, 3, 600, 'x', 1)});
  const Fate head[] = {{FateKind::kHead, 512}};
  EXPECT_EQ(storage.After(head).files.at("state"), "old" + std::string(512, 'x'));
}

TEST_F(MediumTest, AnAppendIsTornWhereASectorOfTheFileEnds) {
  const Storage storage = Take({Write(Kind::kFileWrite, 400, 200, 'x', 1)});
  std::set<size_t> sizes;
  for (const auto& fates : Fates(storage.pending(), 1)) {
    sizes.insert(storage.After(fates).files.at("state").size());
  }
  EXPECT_TRUE(sizes.contains(512));
}

TEST_F(MediumTest, AFileThatIsUnlinkedMayComeBack) {
  EXPECT_TRUE(AllLost({Of(Kind::kUnlink, 1, "state")}).files.contains("state"));
  EXPECT_FALSE(
      AllLost({Of(Kind::kUnlink, 1, "state"), Of(Kind::kFolderSync)}).files.contains("state"));
}

TEST_F(MediumTest, AFileIsLostWithItsFolder) {
  const Journal in_folder = {Of(Kind::kCreate, 2, "trust/"), Of(Kind::kCreate, 3, "trust/state"),
                             Of(Kind::kFolderSync, 0, "trust/")};
  EXPECT_EQ(AllLost(in_folder), start_);
  Journal durable = in_folder;
  durable.push_back(Of(Kind::kFolderSync));
  EXPECT_TRUE(AllLost(durable).files.contains("trust/"));
  EXPECT_TRUE(AllLost(durable).files.contains("trust/state"));
}

TEST_F(MediumTest, AFoldersNameIsOfTheOneThatItIsIn) {
  const Journal only_its_folder = {Of(Kind::kCreate, 2, "trust/"),
                                   Of(Kind::kCreate, 3, "trust/state"), Of(Kind::kFolderSync)};
  EXPECT_TRUE(AllLost(only_its_folder).files.contains("trust/"));
  EXPECT_FALSE(AllLost(only_its_folder).files.contains("trust/state"));
}

TEST_F(MediumTest, EverySubsetOfAFewOperationsIsMet) {
  const Storage storage =
      Take({Write(Kind::kDiskWrite, 0, 512, 1), Write(Kind::kDiskWrite, 512, 512, 1),
            Write(Kind::kDiskWrite, 1024, 512, 1)});
  std::set<std::vector<uint8_t>> met;
  for (const auto& fates : Fates(storage.pending(), 1)) met.insert(storage.After(fates).disk);
  EXPECT_EQ(met.size(), 8u);
}

using Files = std::map<std::string, std::string>;

// What is durable in a folder, empty at first, after a first act that is killed before its last
// sync, which left `between`, and another one.
Files KilledBetween(const std::filesystem::path& folder, const std::function<Result<>()>& first,
                    const Files& between, const std::function<Result<>()>& next) {
  const Medium empty{std::vector<uint8_t>(512, 0), {}};
  Recorder recorder(folder / "disk", folder);
  recorder.Begin(empty);
  EXPECT_TRUE(first());
  Journal journal = recorder.journal();
  EXPECT_EQ(journal.back().kind, Kind::kFolderSync);
  journal.pop_back();
  recorder.Begin({empty.disk, between});
  EXPECT_TRUE(next());
  recorder.Stop();
  for (const Operation& operation : recorder.journal()) journal.push_back(operation);
  Storage storage(empty);
  for (const Operation& operation : journal) storage.Take(operation);
  return storage.After(std::vector<Fate>(storage.pending().size())).files;
}

TEST(AppendedLines, StayAlsoWhereWhoMadeTheFileWasKilled) {
  const TemporaryFolder folder;
  const auto append = [&](const std::string& line) {
    return [&folder, line] { return AppendLineDurably(folder / "lines", line); };
  };
  EXPECT_EQ(KilledBetween(folder.path(), append("one"), {{"lines", "one\n"}}, append("two")),
            (Files{{"lines", "one\ntwo\n"}}));
}

TEST(MadeFolders, StayAlsoWhereWhoMadeThemWasKilled) {
  const TemporaryFolder folder;
  const auto make = [&] { return MakeFolderDurably(folder / "made"); };
  EXPECT_EQ(KilledBetween(folder.path(), make, {{"made/", ""}}, make), (Files{{"made/", ""}}));
}

}  // namespace
}  // namespace matic::crash

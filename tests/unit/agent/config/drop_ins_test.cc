#include "agent/config/drop_ins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/agent/config/config_folder.h"

namespace matic::config {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

class DropInsTest : public ConfigFolder {
 protected:
  DropInsTest() {
    std::filesystem::create_directory(folder_ / "agent.d");
    Write("agent.yaml", "tries: 2\nhealth: {retries: 4}\n");
  }

  Result<Loaded> LoadAll() { return LoadFiles({folder_ / "agent.yaml"}, MissingFile::kRefused); }

  std::string WhyRefused() {
    const auto loaded = LoadAll();
    return loaded ? "taken" : loaded.error().message;
  }
};

TEST_F(DropInsTest, EachOverridesKeyByKeyThoseWhoseNamesComeBefore) {
  Write("agent.d/20-late.yaml", "health: {retries: 6}\napi: {pki_dirs: [/late]}\n");
  Write("agent.d/10-early.yaml",
        "health: {retries: 5, interval_seconds: 3}\napi: {pki_dirs: [/early, /other]}\n");
  const auto loaded = LoadAll();
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.tries, 2u);
  EXPECT_EQ(loaded->config.health.interval, std::chrono::seconds(3));
  EXPECT_EQ(loaded->config.health.retries, 6u);
  EXPECT_THAT(loaded->config.api.pki_dirs, ElementsAre("/late"));
  EXPECT_THAT(loaded->read, ElementsAre(folder_ / "agent.yaml", folder_ / "agent.d/10-early.yaml",
                                        folder_ / "agent.d/20-late.yaml"));
}

TEST_F(DropInsTest, TheOrderIsThatOfBytesInAnyLanguage) {
  for (const char* name : {"agent.d/b.yaml", "agent.d/B.yaml", "agent.d/10.yaml", "agent.d/9.yaml"})
    Write(name, "");
  const auto found = FindDropIns(folder_ / "agent.d");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(found->files, ElementsAre(EndsWith("/10.yaml"), EndsWith("/9.yaml"),
                                        EndsWith("/B.yaml"), EndsWith("/b.yaml")));
}

TEST_F(DropInsTest, WhatIsWrongInOneIsToldWithItsNameLineAndKey) {
  Write("agent.d/10-good.yaml", "tries: 4\n");
  Write("agent.d/20-bad.yaml", "\nhealth:\n  retries: many\n");
  EXPECT_EQ(WhyRefused(), (folder_ / "agent.d/20-bad.yaml").string() +
                              ":3: health.retries: must be a number from 1 to 1000, is 'many'");
}

TEST_F(DropInsTest, FilesOfOtherNamesAreNotReadAndTheVisibleOnesAreTold) {
  Write("agent.d/10-x.yml", "no: such key\n");
  Write("agent.d/README", "not a configuration\n");
  Write("agent.d/.10-x.yaml", "no: such key\n");
  Write("agent.d/10-x.yaml.dpkg-old", "no: such key\n");
  const auto loaded = LoadAll();
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_THAT(loaded->read, ElementsAre(folder_ / "agent.yaml"));
  EXPECT_THAT(loaded->ignored, ElementsAre(EndsWith("10-x.yaml.dpkg-old"), EndsWith("10-x.yml"),
                                           EndsWith("README")));
}

TEST_F(DropInsTest, OneThatCannotBeReadIsAnError) {
  const auto odd = folder_ / "agent.d/10-odd.yaml";
  std::filesystem::create_symlink(folder_ / "gone", odd);
  EXPECT_THAT(WhyRefused(), HasSubstr("10-odd.yaml: a symbolic link to nothing"));
  std::filesystem::remove(odd);
  std::filesystem::create_directory(odd);
  EXPECT_THAT(WhyRefused(), HasSubstr("10-odd.yaml: must be a plain file"));
  std::filesystem::remove(odd);
  ASSERT_EQ(mkfifo(odd.c_str(), 0600), 0);  // whose opening would wait for ever
  EXPECT_THAT(WhyRefused(), HasSubstr("10-odd.yaml: must be a plain file"));
}

TEST_F(DropInsTest, AFolderThatIsNoneIsAnError) {
  std::filesystem::remove(folder_ / "agent.d");
  EXPECT_EQ(WhyRefused(), "taken");
  Write("agent.d", "a file\n");
  EXPECT_THAT(WhyRefused(), HasSubstr("list " + (folder_ / "agent.d").string()));
  std::filesystem::remove(folder_ / "agent.d");
  std::filesystem::create_symlink(folder_ / "gone", folder_ / "agent.d");
  EXPECT_THAT(WhyRefused(), HasSubstr("agent.d"));
}

TEST_F(DropInsTest, ThereAreAtMost64) {
  for (int i = 0; i < 64; ++i) Write("agent.d/" + std::to_string(i) + ".yaml", "tries: 3\n");
  EXPECT_EQ(WhyRefused(), "taken");
  Write("agent.d/64.yaml", "tries: 3\n");
  EXPECT_THAT(WhyRefused(), HasSubstr("agent.d: has 65 files, may have 64"));
}

TEST_F(DropInsTest, OneMayBeAsLargeAsAnyConfigurationFile) {
  Write("agent.d/10-large.yaml", "tries: 3 # " + std::string(1 << 20, 'x'));
  EXPECT_THAT(WhyRefused(), HasSubstr("10-large.yaml: larger than 1048576 bytes"));
}

TEST_F(DropInsTest, TwoFilesOfOneFolderShareItsDropInsAndTheseComeLast) {
  Write("agent.d/10.yaml", "tries: 7\n");
  Write("second.yaml", "tries: 9\n");
  const auto loaded =
      LoadFiles({folder_ / "agent.yaml", folder_ / "second.yaml"}, MissingFile::kRefused);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.tries, 7u);
  EXPECT_THAT(loaded->read, ElementsAre(folder_ / "agent.yaml", folder_ / "second.yaml",
                                        folder_ / "agent.d/10.yaml"));
}

TEST_F(DropInsTest, TheyAreReadWithoutTheFileThatTheyStandBeside) {
  std::filesystem::remove(folder_ / "agent.yaml");
  Write("agent.d/10.yaml", "tries: 7\n");
  const auto loaded = LoadFiles({folder_ / "agent.yaml"}, MissingFile::kSkipped);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.tries, 7u);
  EXPECT_THAT(loaded->missing, ElementsAre(folder_ / "agent.yaml"));
  EXPECT_THAT(loaded->ignored, IsEmpty());
}

TEST_F(DropInsTest, AMainFileThatIsALinkToNothingIsNotTakenForAMissingOne) {
  std::filesystem::remove(folder_ / "agent.yaml");
  std::filesystem::create_symlink(folder_ / "gone", folder_ / "agent.yaml");
  const auto loaded = LoadFiles({folder_ / "agent.yaml"}, MissingFile::kSkipped);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace matic::config

#include "lib/os/kept_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "lib/os/durable_file.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic {
namespace {

namespace fs = std::filesystem;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr size_t kMaxBytes = 1000;

class KeptJsonTest : public testing::Test {
 protected:
  void Put(const std::string& text) { std::ofstream(file_, std::ios::trunc) << text; }
  std::string Text(const fs::path& path) { return ReadFile(path, 1 << 20).value_or("?"); }

  Error ErrorOfLoad(KeptJson& kept) {
    const auto loaded = kept.Load();
    EXPECT_FALSE(loaded);
    return loaded ? Error{} : loaded.error();
  }

  const TemporaryFolder folder_;
  const fs::path file_ = folder_ / "kept.json";
  const fs::path aside_ = folder_ / "kept.json.bad-1";
};

TEST_F(KeptJsonTest, NoFileIsNothing) {
  const auto loaded = KeptJson(file_, kMaxBytes).Load();
  ASSERT_TRUE(loaded);
  EXPECT_FALSE(*loaded);
}

TEST_F(KeptJsonTest, WhatWasSavedIsRead) {
  ASSERT_TRUE(KeptJson(file_, kMaxBytes).Save(R"({"a": [1, 2]})"));
  const auto loaded = KeptJson(file_, kMaxBytes).Load();
  ASSERT_TRUE(loaded && *loaded);
  EXPECT_EQ(**loaded, nlohmann::json({{"a", {1, 2}}}));
}

TEST_F(KeptJsonTest, WhatIsNoObjectIsSetAside) {
  const std::string brackets = "{\"a\":" + std::string(65, '[') + std::string(65, ']') + "}";
  const std::pair<std::string, std::string> cases[] = {
      {"", "not a JSON object"},
      {"{\"a\": 1", "not a JSON object"},
      {"[{}]", "not a JSON object"},
      {brackets, "nested too deeply"},
      {"{}" + std::string(kMaxBytes, ' '), "larger than 1000 bytes"}};
  for (const auto& [text, why] : cases) {
    Put(text);
    KeptJson kept(file_, kMaxBytes);
    const Error error = ErrorOfLoad(kept);
    EXPECT_EQ(error.code, ErrorCode::kCorrupt);
    EXPECT_EQ(error.message,
              file_.string() + ": " + why + "; it was set aside as " + aside_.string());
    EXPECT_FALSE(fs::exists(file_));
    EXPECT_EQ(Text(aside_), text);
    EXPECT_TRUE(kept.Save("{}"));
    EXPECT_EQ(Text(file_), "{}");
    fs::remove(aside_);
  }
}

// Reading a folder fails as reading a bad sector does, whoever reads.
TEST_F(KeptJsonTest, WhatCannotBeReadStaysUntilItsPlaceIsNeeded) {
  fs::create_directory(file_);
  KeptJson kept(file_, kMaxBytes);
  const Error error = ErrorOfLoad(kept);
  EXPECT_EQ(error.code, ErrorCode::kIo);
  EXPECT_THAT(error.message, HasSubstr(file_.string()));
  EXPECT_TRUE(fs::is_directory(file_));
  EXPECT_FALSE(fs::exists(aside_));

  ASSERT_TRUE(kept.Save("{}"));
  EXPECT_EQ(Text(file_), "{}");
  EXPECT_TRUE(fs::is_directory(aside_));
  ASSERT_TRUE(kept.Save("{\"a\": 1}"));
  EXPECT_FALSE(fs::exists(folder_ / "kept.json.bad-2"));
}

TEST_F(KeptJsonTest, WhatCouldBeReadTheNextTimeIsNotSetAside) {
  fs::create_directory(file_);
  KeptJson kept(file_, kMaxBytes);
  ErrorOfLoad(kept);
  fs::remove(file_);
  Put("{\"a\": 1}");
  EXPECT_TRUE(kept.Load());
  ASSERT_TRUE(kept.Save("{}"));
  EXPECT_FALSE(fs::exists(aside_));
}

TEST_F(KeptJsonTest, APipeIsNotWaitedFor) {
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  KeptJson kept(file_, kMaxBytes);
  EXPECT_THAT(ErrorOfLoad(kept).message, HasSubstr("a pipe, not a file; it was set aside as"));
  EXPECT_TRUE(fs::is_fifo(aside_));
  EXPECT_TRUE(kept.Save("{}"));
}

TEST_F(KeptJsonTest, AnObjectThatMakesNoSenseIsSetAsideByItsReader) {
  Put("{\"a\": 1}");
  KeptJson kept(file_, kMaxBytes);
  ASSERT_TRUE(kept.Load());
  const Error error = kept.Reject("a is no text");
  EXPECT_EQ(error.code, ErrorCode::kCorrupt);
  EXPECT_THAT(error.message,
              EndsWith("kept.json: a is no text; it was set aside as " + aside_.string()));
  EXPECT_EQ(Text(aside_), "{\"a\": 1}");
}

TEST_F(KeptJsonTest, NothingIsWrittenOverWhatCannotBeSetAside) {
  Put("[]");
  for (int n = 1; n <= 1000; ++n) std::ofstream(file_.string() + ".bad-" + std::to_string(n));
  KeptJson kept(file_, kMaxBytes);
  const Error error = ErrorOfLoad(kept);
  EXPECT_EQ(error.code, ErrorCode::kIo);
  EXPECT_THAT(error.message, HasSubstr("not a JSON object; set aside " + file_.string()));
  EXPECT_FALSE(kept.Save("{}"));
  EXPECT_EQ(Text(file_), "[]");
}

}  // namespace
}  // namespace matic

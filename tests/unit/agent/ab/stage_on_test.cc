#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "agent/ab/partial_image.h"
#include "tests/unit/agent/ab/ab_machine.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::ab {
namespace {

using boot::Slot;

constexpr uint64_t kWholeChunks = 3 * 128 * 1024;  // of the first 500,001 bytes

class StageOnTest : public testing::Test {
 protected:
  StageOnTest() {
    machine_.backend.Configure({.tries = 3,
                                .sources = {.retry = {.retries = 0}},
                                .buffer_bytes = 256 * 1024,
                                .partial_file = path_,
                                .delta = std::nullopt});
  }

  // A download that ends after `bytes` of the image.
  void Fetch(uint64_t bytes) {
    machine_.http.AddMishap({.cut_after = bytes});
    ASSERT_FALSE(machine_.StageBytes(image_).has_value());
  }

  // The image ends up in its slot; how many bytes that took.
  uint64_t FetchTheRest() {
    const uint64_t before = machine_.http.bytes_sent();
    const auto staged = machine_.Stage({kUrl, DigestOf(image_)});
    EXPECT_TRUE(staged.has_value()) << staged.error().message;
    const auto content = machine_.SlotContent(Slot::kB);
    EXPECT_TRUE(std::equal(image_.begin(), image_.end(), content.begin()));
    EXPECT_FALSE(std::filesystem::exists(path_));
    return machine_.http.bytes_sent() - before;
  }

  AbMachine machine_;
  const std::vector<uint8_t> image_ = MakeImage({});
  const TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "partial.json";
};

TEST_F(StageOnTest, WhatIsThereIsNotFetchedAgain) {
  Fetch(500'001);
  const auto partial = PartialImageFile(path_).Load();
  ASSERT_TRUE(partial.has_value());
  EXPECT_EQ(partial->point.bytes, kWholeChunks);
  EXPECT_EQ(partial->point.total_bytes, image_.size());
  EXPECT_EQ(FetchTheRest(), image_.size() - partial->point.bytes);
  EXPECT_EQ(machine_.http.requests().back().validator, "\"v1\"");
}

TEST_F(StageOnTest, ADownloadThatHadNearlyEverythingAsksForALittle) {
  Fetch(image_.size() - 1);
  EXPECT_LE(FetchTheRest(), 128u * 1024);
}

TEST_F(StageOnTest, WhatItTellsOfIsDurable) {
  Fetch(500'001);
  machine_.disk.CutPowerAt(machine_.disk.operations().size(), fakes::Loss::kAllLost);
  EXPECT_FALSE(machine_.disk.Flush().has_value());
  machine_.disk.PowerOn();
  EXPECT_EQ(FetchTheRest(), image_.size() - kWholeChunks);
}

TEST_F(StageOnTest, AnotherContentInTheSlotIsFetchedAnew) {
  Fetch(500'001);
  machine_.disk.Put(machine_.SlotStart(Slot::kB) + 8192, std::vector<uint8_t>(512, 0x55));
  EXPECT_GT(FetchTheRest(), image_.size());
}

TEST_F(StageOnTest, AnotherFirstBlockIsFetchedAnew) {
  Fetch(500'001);
  const auto partial = PartialImageFile(path_).Load();
  ASSERT_TRUE(partial.has_value());
  auto torn = *partial;
  torn.point.first_block[5] ^= 1;
  ASSERT_TRUE(PartialImageFile(path_).Keep(torn).has_value());
  EXPECT_GT(FetchTheRest(), image_.size());
}

TEST_F(StageOnTest, AnotherImageForgetsIt) {
  Fetch(500'001);
  const auto other = MakeImage({.version = "3.0", .seed = 3});
  machine_.http.AddMishap({.fails = Error{ErrorCode::kNotFound, "gone"}});
  EXPECT_FALSE(machine_.StageBytes(other).has_value());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(StageOnTest, ANoteThatIsNoneIsPassedOver) {
  Fetch(500'001);
  std::stringstream text;
  text << std::ifstream(path_).rdbuf();
  const std::string good = text.str();
  const std::string odd = "\"bytes\":393217";
  std::string split = good;
  split.replace(split.find("\"validator\":\""), 13, "\"validator\":\"\\r\\nX: y");
  std::string unaligned = good;
  unaligned.replace(unaligned.find("\"bytes\":393216"), odd.size(), odd);
  std::string fraction = good;
  fraction.replace(fraction.find("\"bytes\":393216"), odd.size(), "\"bytes\":393216.5");
  for (const std::string& wrong : {std::string(), std::string("[]"), good.substr(0, 300), split,
                                   unaligned, fraction, std::string(60'000, '[')}) {
    std::ofstream(path_) << wrong;
    EXPECT_FALSE(PartialImageFile(path_).Load().has_value()) << wrong.substr(0, 80);
    EXPECT_FALSE(std::filesystem::exists(path_)) << "it was set aside";
  }
  EXPECT_TRUE(std::filesystem::exists(path_.string() + ".bad-7"));
  EXPECT_EQ(FetchTheRest(), image_.size());
}

}  // namespace
}  // namespace matic::ab

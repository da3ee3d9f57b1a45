#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "tests/unit/agent/ab/ab_machine.h"

namespace matic::ab {
namespace {

using boot::Slot;
using fakes::BadRangeKind;
using testing::AllOf;
using testing::HasSubstr;

class StageTest : public testing::Test {
 protected:
  // The old system boots, and nothing of the running slot was touched. Where the image was refused
  // before the first write, the other slot is what it was; else it cannot be started.
  enum class Other { kUntouched, kUnbootable };
  void ExpectFailure(const Result<update::StagedImage>& result, ErrorCode code,
                     const std::string& what, Other other) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(CodeName(result.error().code), CodeName(code)) << result.error().message;
    EXPECT_THAT(result.error().message, HasSubstr(what));
    EXPECT_EQ(machine_.Attributes(Slot::kA), (boot::SlotAttributes{2, 0, true}));
    EXPECT_EQ(DigestOf(machine_.SlotContent(Slot::kA)), running_digest_);
    EXPECT_FALSE(machine_.WroteOutside(Slot::kB));
    if (other == Other::kUntouched) {
      EXPECT_EQ(machine_.Attributes(Slot::kB), (boot::SlotAttributes{1, 0, true}));
      EXPECT_EQ(machine_.Target("slot-b").version, "1.8");
    } else {
      EXPECT_EQ(machine_.Attributes(Slot::kB), boot::kUnbootable);
      const auto content = machine_.SlotContent(Slot::kB);
      EXPECT_TRUE(std::all_of(content.begin(), content.begin() + 4096,
                              [](uint8_t byte) { return byte == 0; }));
    }
  }

  AbMachine machine_;
  const std::vector<uint8_t> image_ = MakeImage({});
  const std::string running_digest_ = DigestOf(machine_.SlotContent(Slot::kA));
};

TEST_F(StageTest, AnImageEndsUpInTheOtherSlot) {
  const auto staged = machine_.StageBytes(image_);
  ASSERT_TRUE(staged.has_value()) << staged.error().message;
  EXPECT_EQ(*staged, (update::StagedImage{"slot-b", DigestOf(image_), "2.0", image_.size()}));
  const auto content = machine_.SlotContent(Slot::kB);
  EXPECT_TRUE(std::equal(image_.begin(), image_.end(), content.begin()));
  EXPECT_FALSE(machine_.disk.has_unflushed());
  EXPECT_FALSE(machine_.WroteOutside(Slot::kB));
  // Not yet: that is Activate's.
  EXPECT_EQ(machine_.Attributes(Slot::kB), boot::kUnbootable);
  EXPECT_EQ(machine_.Attributes(Slot::kA), (boot::SlotAttributes{2, 0, true}));
  EXPECT_EQ(machine_.Target("slot-b").version, "2.0");
}

TEST_F(StageTest, TheSecondSlotStagesIntoTheFirst) {
  machine_.booted.slot = Slot::kB;
  const auto staged = machine_.StageBytes(image_);
  ASSERT_TRUE(staged.has_value()) << staged.error().message;
  EXPECT_EQ(staged->target, "slot-a");
  EXPECT_FALSE(machine_.WroteOutside(Slot::kA));
}

TEST_F(StageTest, StagingTwiceHasTheSameEnd) {
  const auto first = machine_.StageBytes(image_);
  const auto second = machine_.StageBytes(image_);
  ASSERT_TRUE(second.has_value()) << second.error().message;
  EXPECT_EQ(*first, *second);
}

TEST_F(StageTest, FromAFile) {
  const auto path = std::filesystem::path(testing::TempDir()) / "image of ab stage_test.squashfs";
  FILE* file = fopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  ASSERT_EQ(fwrite(image_.data(), 1, image_.size(), file), image_.size());
  fclose(file);
  std::string url = "file://" + path.string();
  for (size_t at; (at = url.find(' ')) != std::string::npos;) url.replace(at, 1, "%20");
  const auto staged = machine_.Stage({url, DigestOf(image_)});
  ASSERT_TRUE(staged.has_value()) << staged.error().message;
  EXPECT_EQ(staged->digest, DigestOf(image_));
  std::filesystem::remove(path);
}

TEST_F(StageTest, ProgressIsToldForBothPhases) {
  ASSERT_TRUE(machine_.StageBytes(image_).has_value());
  uint64_t fetched = 0, verified = 0;
  for (const auto& step : machine_.progress) {
    EXPECT_EQ(step.bytes_total, image_.size());
    const bool fetching = step.phase == engine::StagePhase::kFetching;
    EXPECT_TRUE(!fetching || verified == 0) << "fetching comes first";
    uint64_t& done = fetching ? fetched : verified;
    EXPECT_GE(step.bytes_done, done);
    done = step.bytes_done;
  }
  EXPECT_EQ(fetched, image_.size());
  EXPECT_EQ(verified, image_.size());
}

TEST_F(StageTest, AnUnknownTotalIsNoObstacle) {
  machine_.http.AddMishap({.hides_total = true});
  EXPECT_TRUE(machine_.StageBytes(image_).has_value());
  EXPECT_EQ(machine_.progress.front().bytes_total, 0u);
}

// Bad input.

TEST_F(StageTest, SchemesThatAreNotKnown) {
  ExpectFailure(machine_.Stage({"ftp://host/x.squashfs", DigestOf(image_)}),
                ErrorCode::kInvalidArgument, "\"ftp\"; there are https, http and file",
                Other::kUntouched);
  ExpectFailure(machine_.Stage({"/var/x.squashfs", DigestOf(image_)}), ErrorCode::kInvalidArgument,
                "is no URL", Other::kUntouched);
  ExpectFailure(machine_.Stage({"file://host/x.squashfs", DigestOf(image_)}),
                ErrorCode::kInvalidArgument, "file:///path", Other::kUntouched);
}

TEST_F(StageTest, ADigestThatIsNotHex) {
  ExpectFailure(machine_.Stage({kUrl, "not a digest"}), ErrorCode::kInvalidArgument, "",
                Other::kUntouched);
  ExpectFailure(machine_.Stage({kUrl, std::string(63, 'a')}), ErrorCode::kInvalidArgument, "",
                Other::kUntouched);
}

TEST_F(StageTest, WhatIsWrongInWordsIsKnownWithoutAnyWork) {
  const std::string digest = DigestOf(image_);
  EXPECT_TRUE(machine_.backend.CheckSource({kUrl, digest}).has_value());
  EXPECT_TRUE(machine_.backend.CheckSource({"file:///x", digest}).has_value());
  EXPECT_TRUE(machine_.backend.CheckSource({kUrl, ""}).has_value()) << "a manifest will name it";
  EXPECT_TRUE(machine_.backend.CheckSource({"", ""}).has_value()) << "the configured channel";
  for (const engine::StageSpec& wrong :
       {engine::StageSpec{"ftp://host/x", digest},
        {"github:org/config#host", ""},
        {"/nix/store/abc-nixos-system", ""},
        {"git+https://host/config", ""},
        {kUrl, "zz"},
        {.source = kUrl, .sha256 = digest, .mode = update::Mode::kSwitch},
        {.source = kUrl, .sha256 = digest, .mode = update::Mode::kBuild},
        {.source = kUrl, .sha256 = digest, .inputs = {"nixpkgs"}}}) {
    const auto result = machine_.backend.CheckSource(wrong);
    ASSERT_FALSE(result.has_value()) << wrong.source;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_TRUE(machine_.http.requests().empty());
}

TEST_F(StageTest, NotThere) {
  ExpectFailure(machine_.Stage({kUrl, DigestOf(image_)}), ErrorCode::kNotFound,
                std::string("stage slot-b: ") + kUrl + ": HTTP 404", Other::kUntouched);
  ExpectFailure(machine_.Stage({"file:///nonexistent/x", DigestOf(image_)}), ErrorCode::kNotFound,
                "open /nonexistent/x: No such file", Other::kUntouched);
  ExpectFailure(machine_.Stage({"file:///dev/null", DigestOf(image_)}), ErrorCode::kInvalidArgument,
                "/dev/null is not a plain file", Other::kUntouched);
}

TEST_F(StageTest, AMediumThatIsPulledOut) {
  // Reading a process's memory at 0 fails with EIO, as a stick does that is gone.
  ExpectFailure(
      machine_.Stage({"file:///proc/" + std::to_string(::getpid()) + "/mem", DigestOf(image_)}),
      ErrorCode::kUnavailable, "Input/output error; was the medium pulled out?", Other::kUntouched);
}

TEST_F(StageTest, AServerThatIsNotTrusted) {
  machine_.http.AddMishap({.fails = Error{ErrorCode::kPermission, "certificate verify failed"}});
  ExpectFailure(machine_.StageBytes(image_), ErrorCode::kPermission, "certificate verify failed",
                Other::kUntouched);
  EXPECT_EQ(machine_.RequestsFor(kUrl).size(), 1u) << "trying again cannot help";
}

TEST_F(StageTest, AnotherDigestThanAskedFor) {
  auto spec = machine_.Serve(image_);
  spec.sha256 = std::string(64, 'a');
  ExpectFailure(machine_.Stage(spec), ErrorCode::kCorrupt,
                "has " + DigestOf(image_) + ", asked for was " + spec.sha256, Other::kUnbootable);
}

TEST_F(StageTest, AnImageLargerThanTheSlotIsRefusedBeforeTheFirstWrite) {
  const auto large = MakeImage({.squashfs_bytes = kSlotBytes});
  ExpectFailure(machine_.StageBytes(large), ErrorCode::kInvalidArgument, "more than fits",
                Other::kUntouched);
  // Also where the server does not say so: its own header does.
  machine_.http.AddMishap({.hides_total = true});
  ExpectFailure(machine_.StageBytes(large), ErrorCode::kInvalidArgument, "4194304",
                Other::kUntouched);
}

TEST_F(StageTest, AnEndlessBodyIsCutAtTheSlotsEnd) {
  machine_.http.AddMishap({.endless = true});
  ExpectFailure(machine_.StageBytes(image_), ErrorCode::kInvalidArgument, "more than fits",
                Other::kUnbootable);
  EXPECT_LE(machine_.http.bytes_sent(), kSlotBytes);
}

TEST_F(StageTest, NotAByteMoreThanWasPromised) {
  auto spec = machine_.Serve(image_);
  spec.size_bytes = image_.size();
  EXPECT_TRUE(machine_.Stage(spec).has_value());
  machine_.http.AddMishap({.endless = true});
  const uint64_t before = machine_.http.bytes_sent();
  ExpectFailure(machine_.Stage(spec), ErrorCode::kInvalidArgument, "more than fits",
                Other::kUnbootable);
  EXPECT_LE(machine_.http.bytes_sent() - before, image_.size());
}

TEST_F(StageTest, ATruncatedImage) {
  auto cut = image_;
  cut.resize(cut.size() - 4096);
  ExpectFailure(machine_.StageBytes(cut), ErrorCode::kCorrupt, "section table", Other::kUnbootable);
  cut.resize(5000);
  ExpectFailure(machine_.StageBytes(cut), ErrorCode::kCorrupt, "", Other::kUnbootable);
}

TEST_F(StageTest, SomethingElseThanAnImageIsRefusedBeforeTheFirstWrite) {
  ExpectFailure(machine_.StageBytes(std::vector<uint8_t>()), ErrorCode::kCorrupt, "empty",
                Other::kUntouched);
  ExpectFailure(machine_.StageBytes(std::vector<uint8_t>(95, 'x')), ErrorCode::kCorrupt,
                "not an image: only 95 bytes", Other::kUntouched);
  ExpectFailure(machine_.StageBytes(std::vector<uint8_t>(100'000, '<')), ErrorCode::kCorrupt,
                "not an image: it does not begin with a squashfs", Other::kUntouched);
}

TEST_F(StageTest, AnImageThatContradictsItself) {
  ExpectFailure(machine_.StageBytes(MakeImage({.no_section_table = true})), ErrorCode::kCorrupt,
                "section table", Other::kUnbootable);
  ExpectFailure(machine_.StageBytes(MakeImage({.damaged_uki = true})), ErrorCode::kCorrupt,
                "section uki", Other::kUnbootable);
  ExpectFailure(machine_.StageBytes(MakeImage({.wrong_head = true})), ErrorCode::kCorrupt,
                "another squashfs", Other::kUnbootable);
  auto longer = image_;
  longer.resize(longer.size() + 4096);
  ExpectFailure(machine_.StageBytes(longer), ErrorCode::kCorrupt, "its section table knows of",
                Other::kUnbootable);
}

// The machine's own trouble.

TEST_F(StageTest, ADiskWithoutATable) {
  machine_.table.FailLoads(Error{ErrorCode::kNotFound, "/dev/vda: no GPT"});
  const auto result = machine_.StageBytes(image_);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message, "/dev/vda: no GPT");
  EXPECT_TRUE(machine_.http.requests().empty());
}

TEST_F(StageTest, AMissingSlot) {
  auto table = machine_.table.table();
  std::erase_if(table.partitions, [](const auto& p) { return boot::HasName(p, "slot-b"); });
  machine_.table.SetTable(table);
  const auto result = machine_.StageBytes(image_);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(result.error().message, HasSubstr("slot-b"));
}

TEST_F(StageTest, SlotsThatOverlap) {
  auto table = machine_.table.table();
  for (auto& p : table.partitions) {
    if (boot::HasName(p, "slot-b")) p.first_lba -= 1;
  }
  machine_.table.SetTable(table);
  const auto result = machine_.StageBytes(image_);
  ASSERT_FALSE(result.has_value());
  EXPECT_THAT(result.error().message, HasSubstr("overlap"));
}

TEST_F(StageTest, NobodyKnowsWhatRuns) {
  machine_.booted.error = Error{ErrorCode::kRefused, "/ is on slot-a, but …"};
  const auto result = machine_.StageBytes(image_);
  machine_.booted.error.reset();
  ExpectFailure(result, ErrorCode::kRefused, "/ is on slot-a", Other::kUntouched);
}

TEST_F(StageTest, TheWayBackIsNotGivenUpWhileTheRunningSlotIsNotGood) {
  machine_.table.SetAttributes(Slot::kA, {2, 2, false});
  const auto result = machine_.StageBytes(image_);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kRefused);
  EXPECT_EQ(machine_.Attributes(Slot::kB), (boot::SlotAttributes{1, 0, true}));
}

TEST_F(StageTest, TheTableCannotBeChanged) {
  machine_.table.FailNextUpdate(Error{ErrorCode::kUnavailable, "the disk is locked"});
  const auto result = machine_.StageBytes(image_);
  ASSERT_FALSE(result.has_value());
  EXPECT_THAT(result.error().message, HasSubstr("the disk is locked"));
  EXPECT_FALSE(std::ranges::any_of(machine_.disk.operations(), [](const auto& operation) {
    return operation.kind == fakes::FakeBlockDevice::Kind::kWrite;
  }));
}

TEST_F(StageTest, AWriteThatFails) {
  machine_.disk.AddBadRange(machine_.SlotStart(Slot::kB) + 700'000, 512, BadRangeKind::kWriteFails);
  ExpectFailure(machine_.StageBytes(image_), ErrorCode::kIo, "write fake disk", Other::kUnbootable);
}

TEST_F(StageTest, AStorageThatForgets) {
  machine_.disk.AddBadRange(machine_.SlotStart(Slot::kB) + 700'000, 512,
                            BadRangeKind::kWriteIsLost);
  ExpectFailure(machine_.StageBytes(image_), ErrorCode::kIo, "the storage may be failing",
                Other::kUnbootable);
}

TEST_F(StageTest, AStorageThatCannotBeReadBack) {
  machine_.disk.AddBadRange(machine_.SlotStart(Slot::kB) + 700'000, 512, BadRangeKind::kReadFails);
  ExpectFailure(machine_.StageBytes(image_), ErrorCode::kIo, "read fake disk", Other::kUnbootable);
}

TEST_F(StageTest, Stopping) {
  machine_.http.AddMishap({.cut_after = 600'000, .stalls = true});
  const auto spec = machine_.Serve(image_);
  std::stop_source source;
  std::jthread stopper([&] {
    while (machine_.http.bytes_sent() < 600'000) std::this_thread::yield();
    source.request_stop();
  });
  const auto result = machine_.Stage(spec, source.get_token());
  ExpectFailure(result, ErrorCode::kCancelled, "stopped", Other::kUnbootable);
  EXPECT_TRUE(machine_.StageBytes(image_).has_value()) << "and the next one is not harmed";
}

TEST_F(StageTest, StoppedBeforeItBegan) {
  std::stop_source source;
  source.request_stop();
  ExpectFailure(machine_.Stage(machine_.Serve(image_), source.get_token()), ErrorCode::kCancelled,
                "stopped", Other::kUntouched);
}

// A connection that breaks.

TEST_F(StageTest, ResumesWhereItBroke) {
  machine_.http.AddMishap({.cut_after = 500'001});
  machine_.http.AddMishap({.cut_after = 7});
  const auto staged = machine_.StageBytes(image_);
  ASSERT_TRUE(staged.has_value()) << staged.error().message;
  const auto requests = machine_.RequestsFor(kUrl);
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[1].offset, 500'001u);
  EXPECT_EQ(requests[1].validator, "\"v1\"");
  EXPECT_EQ(requests[2].offset, 500'008u);
  EXPECT_EQ(machine_.http.bytes_sent(), image_.size()) << "no byte twice";
}

TEST_F(StageTest, StartsAnewWithoutRanges) {
  machine_.http.AddMishap({.cut_after = 500'001});
  machine_.http.AddMishap({.ignores_range = true});
  const auto staged = machine_.StageBytes(image_);
  ASSERT_TRUE(staged.has_value()) << staged.error().message;
  EXPECT_EQ(staged->digest, DigestOf(image_));
  EXPECT_EQ(machine_.http.bytes_sent(), image_.size() + 500'001);
}

TEST_F(StageTest, StartsAnewAfterAWrongRange) {
  machine_.http.AddMishap({.cut_after = 500'001});
  machine_.http.AddMishap({.wrong_range = true});
  EXPECT_TRUE(machine_.StageBytes(image_).has_value());
  EXPECT_EQ(machine_.http.requests().back().offset, 0u);
}

TEST_F(StageTest, AServerThatNeverGetsFurtherIsGivenUp) {
  for (int i = 0; i < 10; ++i) {
    machine_.http.AddMishap({.cut_after = 500'000, .ignores_range = true});
  }
  ExpectFailure(machine_.StageBytes(image_), ErrorCode::kUnavailable, "given up after 4 attempts",
                Other::kUnbootable);
  using std::chrono::seconds;
  EXPECT_THAT(machine_.clock.waits(), testing::ElementsAre(seconds(2), seconds(4), seconds(8)));
}

// A power loss at any operation on the disk, whatever becomes of what was not flushed.
TEST_F(StageTest, APowerLossLeavesTheTargetUnbootableOrWhole) {
  size_t operations = 0;
  {
    AbMachine machine;
    ASSERT_TRUE(machine.StageBytes(image_).has_value());
    operations = machine.disk.operations().size();
  }
  for (const auto loss : {fakes::Loss::kAllLost, fakes::Loss::kAllKept, fakes::Loss::kLastTorn,
                          fakes::Loss::kReordered}) {
    for (size_t at = 0; at < operations; ++at) {
      AbMachine machine;
      machine.disk.CutPowerAt(at, loss, static_cast<uint32_t>(at));
      EXPECT_FALSE(machine.StageBytes(image_).has_value());
      machine.disk.PowerOn();

      ASSERT_EQ(machine.Attributes(Slot::kA), (boot::SlotAttributes{2, 0, true}));
      ASSERT_EQ(machine.Attributes(Slot::kB), boot::kUnbootable);
      const auto content = machine.SlotContent(Slot::kB);
      const bool old = content[0] != 0 && machine.Target("slot-b").version == "1.8";
      if (content[0] != 0 && !old) {
        // The last write had begun: all behind the first block was verified before.
        ASSERT_TRUE(std::equal(image_.begin() + 4096, image_.end(), content.begin() + 4096)) << at;
      }
      ASSERT_TRUE(machine.StageBytes(image_).has_value()) << "the next update is not harmed";
    }
  }
}

}  // namespace
}  // namespace matic::ab

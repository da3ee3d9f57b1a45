// Images that have an index, on machines whose slots hold part of them.
#include <gmock/gmock.h>

#include <fstream>

#include "lib/delta/index_image.h"
#include "tests/unit/agent/ab/ab_machine.h"
#include "tests/unit/lib/os/temporary_folder.h"
#include "tests/unit/lib/squashfs/small_squashfs.h"

namespace matic::ab {
namespace {

using boot::Slot;
using Bytes = std::vector<uint8_t>;

// All have a root in common, and a kernel of their own.
Bytes Image(const std::string& version) {
  static const Bytes root = squashfs::MakeSquashfs({{"root", squashfs::Noise(1'000'000, 1)}});
  return MakeImage({.version = version, .squashfs = root});
}

Bytes IndexOf(const Bytes& image) {
  fakes::FakeBlockDevice device(image.size());
  device.Put(0, image);
  return delta::EncodeIndex(*delta::IndexImage(device, image.size()));
}

class StageDeltaTest : public testing::Test {
 protected:
  StageDeltaTest() {
    machine_.backend.Configure({.tries = 3,
                                .sources = {.retry = {.retries = 0}},
                                .buffer_bytes = 256 * 1024,
                                .partial_file = folder_ / "partial.json",
                                .target_index = folder_ / "target.idx"});
    machine_.http.Put(std::string(kUrl) + ".idx", IndexOf(image_));
  }

  void Hold(Slot slot, const Bytes& image) { machine_.disk.Put(machine_.SlotStart(slot), image); }

  // The image ends up in its slot; how many bytes of the image itself that took.
  uint64_t Fetched() { return Fetched(machine_.Serve(image_)); }
  uint64_t Fetched(const engine::StageSpec& spec) {
    const auto staged = machine_.Stage(spec);
    EXPECT_TRUE(staged.has_value()) << staged.error().message;
    const Bytes content = machine_.SlotContent(Slot::kB);
    EXPECT_TRUE(std::equal(image_.begin(), image_.end(), content.begin()));
    uint64_t bytes = 0;
    for (const http::Request& request : machine_.RequestsFor(kUrl)) {
      bytes += request.length > 0 ? request.length : image_.size() - request.offset;
    }
    return bytes;
  }
  // As a signed manifest names it: the index stands for the image.
  engine::StageSpec Signed() {
    engine::StageSpec spec = machine_.Serve(image_);
    spec.size_bytes = image_.size();
    const Bytes index = IndexOf(image_);
    spec.delta.index = {std::string(kUrl) + ".idx", index.size(), DigestOf(index)};
    return spec;
  }
  size_t Writes() const {
    return static_cast<size_t>(std::ranges::count(machine_.disk.operations(),
                                                  fakes::FakeBlockDevice::Kind::kWrite,
                                                  &fakes::FakeBlockDevice::Operation::kind));
  }

  AbMachine machine_;
  const TemporaryFolder folder_;
  const Bytes image_ = Image("2.0");
};

TEST_F(StageDeltaTest, WhatRunsIsCopied) {
  Hold(Slot::kA, Image("1.9"));
  const uint64_t fetched = Fetched();
  EXPECT_GT(fetched, 0u);
  EXPECT_LT(fetched, image_.size() / 10);
  EXPECT_FALSE(machine_.WroteOutside(Slot::kB));
}

TEST_F(StageDeltaTest, WhatIsInPlaceIsNotWritten) {
  Hold(Slot::kB, Image("1.8"));
  EXPECT_LT(Fetched(), image_.size() / 10);
  uint64_t written = 0;
  for (const auto& operation : machine_.disk.operations()) {
    if (operation.kind == fakes::FakeBlockDevice::Kind::kWrite) written += operation.length;
  }
  EXPECT_LT(written, image_.size() / 4);
}

TEST_F(StageDeltaTest, NothingIsWrittenWhereTheSlotHoldsTheImage) {
  Hold(Slot::kB, image_);
  EXPECT_EQ(Fetched(), 0u);
  EXPECT_EQ(Writes(), 0u);
  EXPECT_EQ(Fetched(Signed()), 0u);
  EXPECT_EQ(Writes(), 0u);
}

TEST_F(StageDeltaTest, WhatANoteSaysOfADamagedSlotIsNotBelieved) {
  Hold(Slot::kB, image_);
  const Bytes index = IndexOf(image_);
  std::ofstream(folder_ / "target.idx", std::ios::binary)
      .write(reinterpret_cast<const char*>(index.data()), static_cast<ptrdiff_t>(index.size()));
  // In the root's tables, so that its chunks cannot be found.
  const uint64_t bad = machine_.SlotStart(Slot::kB) + 1'000'000;
  machine_.disk.Put(bad, Bytes(4096, 0xee));
  EXPECT_GT(Fetched(Signed()), 0u);
}

TEST_F(StageDeltaTest, TheNoteTellsWhatIsLeftOfASlotThatIsOverwritten) {
  Hold(Slot::kB, Image("1.8"));
  const Bytes index = IndexOf(Image("1.8"));
  std::ofstream(folder_ / "target.idx", std::ios::binary)
      .write(reinterpret_cast<const char*>(index.data()), static_cast<ptrdiff_t>(index.size()));
  machine_.disk.Put(machine_.SlotStart(Slot::kB), Bytes(4096, 0));
  EXPECT_LT(Fetched(), image_.size() / 2);
}

TEST_F(StageDeltaTest, AnIndexThatLiesCostsTheWholeImage) {
  Hold(Slot::kA, Image("1.9"));
  delta::ChunkIndex index = *delta::DecodeIndex(IndexOf(image_));
  index.chunks[0].sha256[0] ^= 1;
  machine_.http.Put(std::string(kUrl) + ".idx", delta::EncodeIndex(index));
  EXPECT_GT(Fetched(), image_.size());
}

TEST_F(StageDeltaTest, AnIndexOfTooFewChunksCostsTheWholeImage) {
  Hold(Slot::kA, Image("1.9"));
  delta::ChunkIndex index = *delta::DecodeIndex(IndexOf(image_));
  index.image_bytes -= index.chunks.back().length;
  index.chunks.pop_back();
  machine_.http.Put(std::string(kUrl) + ".idx", delta::EncodeIndex(index));
  EXPECT_GE(Fetched(), image_.size());
}

}  // namespace
}  // namespace matic::ab

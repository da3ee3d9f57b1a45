#include "agent/transfer/chunked_source.h"

#include <gmock/gmock.h>

#include "agent/transfer/plan_delta.h"
#include "lib/delta/index_image.h"
#include "lib/patching/build_patch.h"
#include "tests/fakes/fake_block_device.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/fakes/manual_clock.h"
#include "tests/unit/agent/transfer/noise.h"

namespace matic::transfer {
namespace {

using testing::HasSubstr;
using Bytes = std::vector<uint8_t>;

constexpr char kUrl[] = "https://cdn.example.com/os.squashfs";
constexpr char kPatchUrl[] = "https://cdn.example.com/os.patch";

// What an image would be in the end, and which of it was said to be there already.
class Taken final : public ImageSink {
 public:
  void SetTotal(std::optional<uint64_t> bytes, const std::string&) override { total = bytes; }
  void Restart() override {
    ++restarts;
    image.clear();
  }
  Result<> Write(std::span<const uint8_t> bytes) override {
    image.insert(image.end(), bytes.begin(), bytes.end());
    return {};
  }
  Result<> WriteInPlace(std::span<const uint8_t> bytes) override {
    in_place += bytes.size();
    return Write(bytes);
  }

  Bytes image;
  uint64_t in_place = 0;
  int restarts = 0;
  std::optional<uint64_t> total;
};

class ChunkedSourceTest : public testing::Test {
 protected:
  static constexpr size_t kBytes = 3'000'000;

  ChunkedSourceTest() : old_(Noise(kBytes, 1)), new_(old_) {
    // A change in the middle, another one that moves what is behind it.
    std::ranges::copy(Noise(400'000, 2), new_.begin() + 1'000'000);
    const Bytes more = Noise(5'000, 3);
    new_.insert(new_.begin() + 2'000'000, more.begin(), more.end());
    running_.Put(0, old_);
    http_.Put(kUrl, new_);
    fakes::FakeBlockDevice image(new_.size());
    image.Put(0, new_);
    index_ = *delta::IndexImage(image, new_.size());
  }

  // Every chunk that the running slot has.
  ChunkedImage FromRunning() {
    std::vector<HeldChunk> held;
    AddHeld(*delta::IndexImage(running_, old_.size()), Origin::kRunning, held);
    return Planned(held);
  }
  ChunkedImage Planned(const std::vector<HeldChunk>& held) {
    return {.url = kUrl,
            .index = index_,
            .plan = PlanChunks(index_, held),
            .patch = std::nullopt,
            .running_sha256 = crypto::Sha256Of(old_),
            .aim = Aim::kLeastBytes,
            .retry = {.retries = 2},
            .reused = [this](uint64_t bytes) { reused_ += bytes; }};
  }
  void PutPatch(
      ChunkedImage& image, const std::function<void(Bytes&)>& change = [](Bytes&) {}) {
    fakes::FakeBlockDevice before(old_.size());
    before.Put(0, old_);
    fakes::FakeBlockDevice after(new_.size());
    after.Put(0, new_);
    auto built = patching::BuildPatch(before, after);
    ASSERT_TRUE(built.has_value()) << built.error().message;
    change(built->file);
    http_.Put(kPatchUrl, built->file);
    image.patch = PatchFile{kPatchUrl, built->file.size()};
  }

  Result<> Fetch(ChunkedImage image, const FetchFrom& from = {}) {
    ChunkedSource source(std::move(image), running_, target_, http_, clock_);
    return source.Fetch(from, kBytes + 100'000, taken_, stop_.get_token());
  }
  void ExpectImage(ChunkedImage image, const FetchFrom& from = {}) {
    const Result<> fetched = Fetch(std::move(image), from);
    ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
    EXPECT_TRUE(taken_.image == new_);
    EXPECT_EQ(taken_.total, new_.size());
  }
  size_t RequestsFor(const std::string& url) const {
    return static_cast<size_t>(std::ranges::count(http_.requests(), url, &http::Request::url));
  }

  Bytes old_;
  Bytes new_;
  delta::ChunkIndex index_;
  fakes::FakeBlockDevice running_{4'000'000};
  fakes::FakeBlockDevice target_{4'000'000};
  fakes::FakeHttpClient http_;
  fakes::ManualClock clock_{fakes::ManualClock::Waits::kPass};
  std::stop_source stop_;
  Taken taken_;
  uint64_t reused_ = 0;
};

TEST_F(ChunkedSourceTest, FetchesWhatIsNewAndNothingElse) {
  const ChunkedImage image = FromRunning();
  EXPECT_LT(image.plan.fetched_bytes, 1'200'000u);
  ExpectImage(image);
  EXPECT_EQ(http_.bytes_sent(), image.plan.fetched_bytes);
  EXPECT_EQ(http_.requests().size(), image.plan.requests);
  EXPECT_EQ(reused_, image.plan.reused_bytes);
  EXPECT_EQ(taken_.in_place, 0u);
}

TEST_F(ChunkedSourceTest, WhatIsInPlaceStaysThere) {
  target_.Put(0, new_);
  std::vector<HeldChunk> held;
  AddHeld(index_, Origin::kTarget, held);
  ExpectImage(Planned(held));
  EXPECT_EQ(taken_.in_place, new_.size());
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(ChunkedSourceTest, WhatASlotDoesNotHoldAfterAllIsFetched) {
  ChunkedImage image = FromRunning();
  running_.Put(500'000, Bytes(10, 0));
  running_.AddBadRange(2'500'000, 512, fakes::BadRangeKind::kReadFails);
  const uint64_t planned = image.plan.fetched_bytes;
  ExpectImage(std::move(image));
  EXPECT_GT(http_.bytes_sent(), planned);
  EXPECT_LT(http_.bytes_sent(), planned + 800'000);
}

TEST_F(ChunkedSourceTest, ASlotThatHoldsHardlyAnythingOfItIsGivenUp) {
  ChunkedImage image = FromRunning();
  running_.Put(0, Bytes(kBytes, 0));
  ExpectImage(image);
  // A piece at a time at first, then in ranges.
  EXPECT_LE(http_.requests().size(), image.plan.requests + 16 + 8);
  EXPECT_EQ(reused_, 0u);
}

TEST_F(ChunkedSourceTest, AServerWithOtherContentIsFoundOut) {
  ChunkedImage image = FromRunning();
  Bytes other = new_;
  other[1'200'000] ^= 1;
  http_.Put(kUrl, other);
  const Result<> fetched = Fetch(std::move(image));
  ASSERT_FALSE(fetched.has_value());
  EXPECT_EQ(fetched.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(fetched.error().message, HasSubstr("not what its index says"));
}

TEST_F(ChunkedSourceTest, AnInterruptedOneTakesWhatWasWrittenAsInPlace) {
  ChunkedImage image = FromRunning();
  target_.Put(0, std::span(new_).first(1'500'000));
  const uint64_t planned = image.plan.fetched_bytes;
  ExpectImage(std::move(image), {.offset = 1'500'000 - 1'500'000 % 4096});
  EXPECT_EQ(taken_.restarts, 1);
  EXPECT_GT(taken_.in_place, 1'000'000u);
  EXPECT_LT(http_.bytes_sent(), planned);
}

TEST_F(ChunkedSourceTest, WhatWasOverwrittenBeforeTheInterruptionIsNotReadThere) {
  // Chunks of the target that lie behind where they belong, but before where it broke off.
  std::vector<HeldChunk> held;
  uint64_t offset = 0;
  for (const delta::IndexedChunk& chunk : index_.chunks) {
    if (offset > 1'600'000) held.push_back({chunk.sha256, Origin::kTarget, offset + 4096});
    offset += chunk.length;
  }
  target_.Put(0, new_);
  ExpectImage(Planned(held), {.offset = 3'000'000 - 3'000'000 % 4096});
  EXPECT_GT(taken_.in_place, 2'000'000u);
}

TEST_F(ChunkedSourceTest, APatchMakesWhatIsNew) {
  ChunkedImage image = FromRunning();
  PutPatch(image);
  ExpectImage(image);
  EXPECT_LE(RequestsFor(kPatchUrl), 2u);
  EXPECT_EQ(RequestsFor(kUrl), 0u);
}

TEST_F(ChunkedSourceTest, WithoutThePatchTheRangesDo) {
  ChunkedImage image = FromRunning();
  image.patch = PatchFile{kPatchUrl, 1 << 20};
  ExpectImage(image);
  EXPECT_EQ(RequestsFor(kUrl), image.plan.requests);
}

TEST_F(ChunkedSourceTest, APatchFromAnotherImageIsOfNoUse) {
  ChunkedImage image = FromRunning();
  PutPatch(image);
  image.running_sha256[0] ^= 1;
  ExpectImage(image);
  EXPECT_EQ(RequestsFor(kUrl), image.plan.requests);
}

TEST_F(ChunkedSourceTest, ABrokenPatchIsLeftWhereItBreaks) {
  ChunkedImage image = FromRunning();
  PutPatch(image, [](Bytes& file) { file.resize(file.size() - file.size() / 4); });
  ExpectImage(image);
  EXPECT_GT(RequestsFor(kUrl), 0u);
}

TEST_F(ChunkedSourceTest, WhatAPatchMakesWronglyIsFetched) {
  ChunkedImage image = FromRunning();
  PutPatch(image, [](Bytes& file) { file[file.size() / 2] ^= 1; });
  ExpectImage(image);
  EXPECT_GT(RequestsFor(kPatchUrl), 0u);
  EXPECT_GT(RequestsFor(kUrl), 0u);
}

TEST_F(ChunkedSourceTest, ThePatchOfAnotherContentThanTheIndexIsFoundOut) {
  ChunkedImage image = FromRunning();
  PutPatch(image);
  // The old image is not what the patch was made for.
  running_.Put(1'100'000, Bytes(50'000, 0));
  ExpectImage(image);
  EXPECT_GT(RequestsFor(kPatchUrl), 0u);
}

TEST_F(ChunkedSourceTest, APatchThatMakesAllOfItWronglyIsLeft) {
  // Made for an image that differs from the running one everywhere, whatever its header says.
  Bytes other = new_;
  for (size_t i = 0; i < other.size(); i += 1000) other[i] ^= 1;
  fakes::FakeBlockDevice before(other.size());
  before.Put(0, other);
  fakes::FakeBlockDevice after(new_.size());
  after.Put(0, new_);
  const auto built = patching::BuildPatch(before, after);
  ASSERT_TRUE(built.has_value()) << built.error().message;
  http_.Put(kPatchUrl, built->file);
  ChunkedImage image = Planned({});
  image.patch = PatchFile{kPatchUrl, built->file.size()};
  image.running_sha256 = crypto::Sha256Of(other);
  ExpectImage(image);
  EXPECT_GT(RequestsFor(kUrl), 16u);
  EXPECT_LE(RequestsFor(kUrl), 16u + image.plan.requests);
}

TEST_F(ChunkedSourceTest, ALargerPatchThanWhatItSparesIsNotFetched) {
  ChunkedImage image = FromRunning();
  http_.Put(kPatchUrl, Noise(image.plan.fetched_bytes + 1, 9));
  image.patch = PatchFile{kPatchUrl, 10'000'000};
  const uint64_t planned = image.plan.fetched_bytes;
  ExpectImage(std::move(image));
  EXPECT_EQ(http_.bytes_sent(), planned);
}

TEST_F(ChunkedSourceTest, StopsWhileTheServerStalls) {
  for (int i = 0; i < 20; ++i) http_.AddMishap({.cut_after = 10, .stalls = true});
  std::jthread stopper([this] { stop_.request_stop(); });
  const Result<> fetched = Fetch(FromRunning());
  ASSERT_FALSE(fetched.has_value());
  EXPECT_EQ(fetched.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace matic::transfer

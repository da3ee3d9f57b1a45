#include "agent/transfer/delta_offer.h"

#include <gmock/gmock.h>

#include "tests/fakes/fake_http_client.h"
#include "tests/fakes/manual_clock.h"
#include "tests/unit/agent/transfer/noise.h"

namespace matic::transfer {
namespace {

using testing::HasSubstr;

constexpr char kUrl[] = "https://cdn.example.com/os.squashfs?key=1";
constexpr char kIndexUrl[] = "https://cdn.example.com/os.squashfs.idx?key=1";

class DeltaOfferTest : public testing::Test {
 protected:
  DeltaOfferTest() { http_.Put(kIndexUrl, file_); }

  WantedImage Wanted() const {
    return {.url = kUrl, .sha256 = index_.image_sha256, .max_bytes = 1 << 20};
  }
  // The manifest's index is at another place.
  WantedImage Signed(const crypto::Digest& sha256) {
    http_.Put("https://other.example.com/i", file_);
    WantedImage wanted = Wanted();
    wanted.is_signed = true;
    wanted.files.index = {"https://other.example.com/i", file_.size(), crypto::ToHex(sha256)};
    return wanted;
  }
  Result<FetchedIndex> Fetch(const WantedImage& wanted) {
    return FetchIndex(http_, wanted, {.retries = 1}, clock_, {});
  }
  void ExpectRefused(const WantedImage& wanted, ErrorCode code, const std::string& why) {
    const auto fetched = Fetch(wanted);
    ASSERT_FALSE(fetched.has_value());
    EXPECT_EQ(fetched.error().code, code);
    EXPECT_THAT(fetched.error().message, HasSubstr(why));
  }

  const delta::ChunkIndex index_ = IndexOf(Noise(300'000, 8), 50'000);
  const std::vector<uint8_t> file_ = delta::EncodeIndex(index_);
  fakes::FakeHttpClient http_;
  fakes::ManualClock clock_{fakes::ManualClock::Waits::kPass};
};

TEST_F(DeltaOfferTest, WithoutAManifestItIsBesideTheImage) {
  const auto fetched = Fetch(Wanted());
  ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  EXPECT_EQ(fetched->index, index_);
  EXPECT_EQ(fetched->file_bytes, file_.size());
  EXPECT_FALSE(fetched->trusted);
}

TEST_F(DeltaOfferTest, TheSignedOneIsTrusted) {
  const auto fetched = Fetch(Signed(crypto::Sha256Of(file_)));
  ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  EXPECT_TRUE(fetched->trusted);
  EXPECT_EQ(http_.requests().size(), 1u);
}

TEST_F(DeltaOfferTest, AnotherThanTheSignedOneIsNotTaken) {
  ExpectRefused(Signed(index_.image_sha256), ErrorCode::kCorrupt, "not the index");
}

TEST_F(DeltaOfferTest, NoMoreIsFetchedThanWasSigned) {
  WantedImage wanted = Signed(crypto::Sha256Of(file_));
  --wanted.files.index->size_bytes;
  ExpectRefused(wanted, ErrorCode::kInvalidArgument, "more than fits");
}

TEST_F(DeltaOfferTest, AManifestWithoutOneMeansThatThereIsNone) {
  WantedImage wanted = Wanted();
  wanted.is_signed = true;
  ExpectRefused(wanted, ErrorCode::kNotFound, "names no index");
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(DeltaOfferTest, AnIndexOfAnotherImageIsNone) {
  WantedImage wanted = Wanted();
  wanted.sha256[0] ^= 1;
  ExpectRefused(wanted, ErrorCode::kCorrupt, "wanted is");
}

TEST_F(DeltaOfferTest, ADamagedOneIsNone) {
  auto damaged = file_;
  damaged[80] ^= 1;
  http_.Put(kIndexUrl, damaged);
  ExpectRefused(Wanted(), ErrorCode::kCorrupt, "os.squashfs.idx");
}

TEST_F(DeltaOfferTest, AnImageThatDoesNotFitIsRefused) {
  WantedImage wanted = Wanted();
  wanted.max_bytes = 299'999;
  ExpectRefused(wanted, ErrorCode::kInvalidArgument, "fit");
}

TEST_F(DeltaOfferTest, ABreakIsTriedAgain) {
  http_.AddMishap({.cut_after = 10});
  EXPECT_TRUE(Fetch(Wanted()).has_value());
}

TEST_F(DeltaOfferTest, PatchesAreNamedAfterWhatTheyStartFrom) {
  const crypto::Digest old = crypto::Sha256Of(file_);
  EXPECT_EQ(FindPatch(Wanted(), old)->url,
            "https://cdn.example.com/os.squashfs.from-" + crypto::ToHex(old) + ".patch?key=1");
  WantedImage wanted = Signed(old);
  EXPECT_FALSE(FindPatch(wanted, old).has_value());
  wanted.files.patches = {{std::string(64, '0'), {"https://a/0", 1, ""}},
                          {crypto::ToHex(old), {"https://a/1", 77, ""}}};
  EXPECT_EQ(FindPatch(wanted, old)->url, "https://a/1");
  EXPECT_EQ(FindPatch(wanted, old)->max_bytes, 77u);
}

}  // namespace
}  // namespace matic::transfer

#include "lib/patching/differences.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/lib/squashfs/small_squashfs.h"

namespace matic::patching {
namespace {

struct Found {
  std::string made;
  uint64_t extra = 0;
  uint64_t unlike = 0;  // added bytes that are not 0
};

std::span<const uint8_t> BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// What the steps make of the old text; the steps follow one another without a gap.
Found Follow(const std::string& before, const std::string& after) {
  Found found;
  uint64_t position = 0;
  const auto follow = [&](uint64_t new_at, const delta::PatchStep& step) -> Result<> {
    EXPECT_EQ(new_at, found.made.size());
    EXPECT_GT(step.add + step.extra, 0U);
    position += static_cast<uint64_t>(step.seek);
    EXPECT_LE(position + step.add, before.size());
    for (uint64_t i = 0; i < step.add; ++i) {
      if (before[position + i] != after[new_at + i]) ++found.unlike;
    }
    position += step.add;
    found.made += after.substr(new_at, step.add + step.extra);
    found.extra += step.extra;
    return {};
  };
  const auto done = FindDifferences(BytesOf(before), BytesOf(after), follow);
  EXPECT_TRUE(done) << done.error().message;
  return found;
}

TEST(Differences, MakeTheNewOfTheOld) {
  const std::string text = squashfs::Text(200000, 1);
  std::string moved = text.substr(100000) + text.substr(0, 100000);
  std::string changed = text;
  for (size_t i = 0; i < changed.size(); i += 1000) changed[i] = '#';
  std::string grown = text;
  grown.insert(5000, squashfs::Noise(700, 2));
  for (const std::string& after : {text, moved, changed, grown, text.substr(777, 1234)}) {
    const Found found = Follow(text, after);
    EXPECT_EQ(found.made, after);
    EXPECT_LE(found.extra, 1000U);
    EXPECT_LE(found.unlike, 1000U);
  }
}

TEST(Differences, OfUnlikeTextsPutMostOfItIn) {
  const std::string noise = squashfs::Noise(50000, 4);
  const Found found = Follow(squashfs::Noise(50000, 3), noise);
  EXPECT_EQ(found.made, noise);
  EXPECT_GT(found.extra + found.unlike, 45000U);
}

TEST(Differences, OfNothingAndToNothing) {
  EXPECT_EQ(Follow("", "something").extra, 9U);
  EXPECT_EQ(Follow("something", "").made, "");
  EXPECT_EQ(Follow(std::string(100000, '\0'), std::string(123456, '\0')).made.size(), 123456U);
}

TEST(Differences, EndWithAStopAndWithTheSinksError) {
  std::stop_source stop;
  stop.request_stop();
  const std::string text = squashfs::Text(1000, 1);
  const auto ignore = [](uint64_t, const delta::PatchStep&) -> Result<> { return {}; };
  const auto refuse = [](uint64_t, const delta::PatchStep&) -> Result<> {
    return Fail(ErrorCode::kIo, "full");
  };
  const auto stopped = FindDifferences(BytesOf(text), BytesOf(text), ignore, stop.get_token());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  const auto refused = FindDifferences(BytesOf(text), BytesOf(text), refuse);
  EXPECT_EQ(refused.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace matic::patching

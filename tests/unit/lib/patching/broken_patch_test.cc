// A patch damaged anywhere, its header's checksum mended or not: it is refused, or ends with an
// error, or makes bytes that somebody else compares. It never takes more than it may.
#include <gtest/gtest.h>

#include "boot/policy/crc32.h"
#include "boot/policy/little_endian.h"
#include "lib/delta/patch_applier.h"
#include "lib/patching/build_patch.h"
#include "tests/fakes/broken_text.h"
#include "tests/unit/lib/patching/small_pair.h"

namespace matic::patching {
namespace {

class BrokenPatch : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const std::string noise = squashfs::Noise(60000, 7);
    before_ = Bytes(noise.begin(), noise.end());
    after_ = before_;
    after_[100] ^= 1;
    after_.insert(after_.begin() + 30000, 500, 'x');
    const auto built = BuildPatch(*DeviceOf(before_), *DeviceOf(after_));
    ASSERT_TRUE(built) << built.error().message;
    file_ = built->file;
  }

  // Everything that it makes, to the first error. Whether there was one.
  static bool Fails(const Bytes& file) {
    const auto old_image = DeviceOf(before_);
    auto applier =
        delta::PatchApplier::Open(ReaderOf(file), *old_image, {.packers = 1, .stop = {}});
    if (!applier) {
      EXPECT_LE(applier.error().message.size(), 200U);
      return true;
    }
    if (!(*applier)->TryPacker()) return true;
    Bytes bytes;
    for (const delta::ByteRange& range : (*applier)->header().ranges) {
      for (uint64_t done = 0; done < range.length; done += bytes.size()) {
        bytes.resize(std::min<uint64_t>(range.length - done, 65536));
        const auto good = (*applier)->Read(range.offset + done, bytes);
        if (!good || !*good) return true;
      }
    }
    return false;
  }

  static void Mend(Bytes& file) {
    if (file.size() < delta::kPatchPrefixBytes) return;
    const size_t length = boot::Load32(file, 12);
    if (length < 4 || length > file.size()) return;
    boot::Store32(file, length - 4, boot::Crc32(std::span(file).first(length - 4)));
  }

  static inline Bytes before_;
  static inline Bytes after_;
  static inline Bytes file_;
};

TEST_F(BrokenPatch, IsRefusedOrMakesBytes) {
  ASSERT_FALSE(Fails(file_));
  size_t refused = 0;
  size_t tried = 0;
  for (const std::string& text : fakes::Broken(std::string(file_.begin(), file_.end()), 600)) {
    for (const bool mend : {false, true}) {
      Bytes file(text.begin(), text.end());
      if (mend) Mend(file);
      refused += Fails(file) ? 1 : 0;
      ++tried;
    }
  }
  EXPECT_GT(refused, tried / 2);
}

TEST_F(BrokenPatch, ThatIsCutShortEndsWithAnError) {
  for (size_t size = 0; size < file_.size(); size += 7) {
    EXPECT_TRUE(Fails({file_.begin(), file_.begin() + static_cast<ptrdiff_t>(size)})) << size;
  }
}

TEST_F(BrokenPatch, WhoseHeaderPromisesTooMuchIsRefused) {
  delta::PatchHeader header;
  header.new_bytes = 1 << 30;
  header.level = 15;
  header.packer_version = "1.5.4";
  header.ranges = {{0, 200000}};
  header.new_pieces.assign(200000, {delta::PieceKind::kPacked, 1, delta::kMaxPieceBytes});
  const auto file = delta::EncodePatchHeader(header);
  ASSERT_TRUE(file);
  const auto decoded = delta::DecodePatchHeader(*file);
  ASSERT_FALSE(decoded);
  EXPECT_NE(decoded.error().message.find("unpack to"), std::string::npos);

  header.new_pieces.resize(100000);
  const auto short_of = delta::DecodePatchHeader(*delta::EncodePatchHeader(header));
  ASSERT_FALSE(short_of);
  EXPECT_NE(short_of.error().message.find("do not fill"), std::string::npos);
}

// Frames without an end. Of their three parts the steps use two.
class WastefulFrames {
 public:
  explicit WastefulFrames(size_t unused_bytes) : unused_(unused_bytes, 0x5A) {}

  delta::PatchReader Reader() {
    return [this](std::span<uint8_t> bytes) -> Result<size_t> {
      if (at_ == frame_.size()) MakeFrame();
      const size_t part = std::min(bytes.size(), frame_.size() - at_);
      std::copy_n(frame_.begin() + static_cast<ptrdiff_t>(at_), part, bytes.begin());
      at_ += part;
      taken_ += part;
      return part;
    };
  }
  size_t taken() const { return taken_; }

 private:
  void MakeFrame() {
    const Bytes control = *control_.Pack(Bytes{0, 0, 1});  // seek, add, extra
    const Bytes extra = *extra_.Pack(Bytes{7});
    frame_.assign(delta::kFrameHeaderBytes, 0);
    boot::Store32(frame_, 0, 1);
    uint32_t field = 4;
    for (const Bytes* part : {&control, &unused_, &extra}) {
      boot::Store32(frame_, field, static_cast<uint32_t>(part->size()));
      frame_.insert(frame_.end(), part->begin(), part->end());
      field += 4;
    }
    at_ = 0;
  }

  const Bytes unused_;
  delta::PackStream control_;
  delta::PackStream extra_;
  Bytes frame_;
  size_t at_ = 0;
  size_t taken_ = 0;
};

TEST_F(BrokenPatch, WhoseStepsLeaveItsBytesUnusedIsRefusedBeforeTheyPileUp) {
  const auto old_image = DeviceOf(before_);
  for (const size_t unused : {size_t{delta::kMaxFrameStreamBytes}, size_t{50000}}) {
    WastefulFrames frames(unused);
    delta::NewContent content(frames.Reader(), *delta::OldContent::Open(*old_image, {}));
    Bytes made(1000);
    const auto good = content.Read(made);
    ASSERT_FALSE(good);
    EXPECT_EQ(good.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(good.error().message.find("more than their steps use"), std::string::npos);
    EXPECT_LE(frames.taken(), delta::kMaxUnreadBytes + 65536);
  }
}

TEST_F(BrokenPatch, WhoseStepsLeaveALittleUnusedIsTaken) {
  const auto old_image = DeviceOf(before_);
  WastefulFrames frames(100);
  delta::NewContent content(frames.Reader(), *delta::OldContent::Open(*old_image, {}));
  Bytes made(1000);
  const auto good = content.Read(made);
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(made, Bytes(1000, 7));
}

TEST_F(BrokenPatch, OfAReaderThatFailsTellsItsError) {
  const delta::PatchReader failing = [](std::span<uint8_t>) -> Result<size_t> {
    return Fail(ErrorCode::kUnavailable, "the server hung up");
  };
  const auto applier = delta::PatchApplier::Open(failing, *DeviceOf(before_));
  ASSERT_FALSE(applier);
  EXPECT_EQ(applier.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace matic::patching

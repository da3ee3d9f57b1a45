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

#include "lib/crypto/sha256.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace matic::crypto {
namespace {

using ::testing::HasSubstr;

constexpr char kOfNothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr char kOfAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

std::vector<uint8_t> Bytes(std::string_view text) { return {text.begin(), text.end()}; }

TEST(Sha256, KnownDigests) {  // FIPS 180-2, appendix B
  EXPECT_EQ(ToHex(Sha256Of({})), kOfNothing);
  EXPECT_EQ(ToHex(Sha256Of(Bytes("abc"))), kOfAbc);
  EXPECT_EQ(ToHex(Sha256Of(std::vector<uint8_t>(1000000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesMakeTheWhole) {
  Sha256 hash;
  hash.Update(Bytes("a"));
  hash.Update({});
  Sha256 moved = std::move(hash);
  moved.Update(Bytes("bc"));
  EXPECT_EQ(ToHex(moved.Finish()), kOfAbc);
  EXPECT_EQ(ToHex(moved.Finish()), kOfNothing) << "it starts anew";
}

TEST(ParseSha256Hex, TakesBothCases) {
  EXPECT_EQ(*ParseSha256Hex(kOfAbc), Sha256Of(Bytes("abc")));
  EXPECT_EQ(*ParseSha256Hex("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"),
            Sha256Of(Bytes("abc")));
}

TEST(ParseSha256Hex, RefusesAnythingElse) {
  const Result<Digest> empty = ParseSha256Hex("");
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(empty.error().message, HasSubstr("0 characters, not 64 hex digits"));
  EXPECT_FALSE(ParseSha256Hex(std::string(kOfAbc) + "0"));
  EXPECT_FALSE(ParseSha256Hex(std::string(kOfAbc).substr(1)));
  const Result<Digest> other = ParseSha256Hex(std::string(63, 'a') + "g");
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("not a SHA-256: not hexadecimal: character 64"));
}

}  // namespace
}  // namespace matic::crypto

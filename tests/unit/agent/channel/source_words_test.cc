#include "agent/channel/source_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace matic::channel {
namespace {

const std::string kDigest(64, 'a');

TEST(SourceWords, SayWhatIsAskedFor) {
  const struct {
    const char* source;
    std::string sha256;
    SourceKind kind;
    const char* manifest_url;
  } cases[] = {
      {"https://h/stable.json", "", SourceKind::kManifest, "https://h/stable.json"},
      {"https://h/stable.json", kDigest, SourceKind::kManifest, "https://h/stable.json"},
      {"https://h/s.json?key=1", "", SourceKind::kManifest, "https://h/s.json?key=1"},
      {"https://h/os.squashfs", kDigest, SourceKind::kImage, ""},
      {"http://h/any.img?x=s.json", kDigest, SourceKind::kImage, ""},
      {"https://h/os.squashfs", "", SourceKind::kSignedImage, "https://h/os.manifest.json"},
      {"https://u:p@h/os-2.0.squashfs?key=1", "", SourceKind::kSignedImage,
       "https://u:p@h/os-2.0.manifest.json?key=1"},
      {"file:///media/usb/os.squashfs", "", SourceKind::kSignedImage,
       "file:///media/usb/os.manifest.json"},
  };
  for (const auto& c : cases) {
    const auto words = ReadSource(c.source, c.sha256);
    ASSERT_TRUE(words) << c.source << ": " << words.error().message;
    EXPECT_EQ(words->kind, c.kind) << c.source;
    EXPECT_EQ(words->manifest_url, c.manifest_url) << c.source;
  }
}

TEST(SourceWords, WhatCannotBeMeantIsRefused) {
  const struct {
    const char* source;
    std::string sha256;
  } cases[] = {
      {"", ""},
      {"stable.json", ""},
      {"ftp://h/stable.json", ""},
      {"https://h/os.img", ""},
      {"https://h/os.img?os.squashfs", ""},
      {"https://h/os.squashfs", "aa"},
      {"https://h/stable.json", std::string(64, 'z')},
  };
  for (const auto& c : cases) {
    const auto words = ReadSource(c.source, c.sha256);
    ASSERT_FALSE(words) << c.source;
    EXPECT_EQ(words.error().code, ErrorCode::kInvalidArgument) << c.source;
  }
}

TEST(SourceWords, SecretsAreNotRepeated) {
  const auto words = ReadSource("https://user:hunter2@h/os.img?token=hunter2", "");
  ASSERT_FALSE(words);
  EXPECT_THAT(words.error().message, testing::Not(testing::HasSubstr("hunter2")));
}

TEST(SourceWords, TheSameFileWhateverItsCredentials) {
  EXPECT_TRUE(SameFile("https://h/os.squashfs", "https://u:p@h/os.squashfs?key=1"));
  EXPECT_FALSE(SameFile("https://h/os.squashfs", "https://h/os.squashfs.old"));
  EXPECT_FALSE(SameFile("https://h/os.squashfs", "https://other/os.squashfs"));
}

}  // namespace
}  // namespace matic::channel

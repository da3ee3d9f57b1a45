#include "lib/http/file_url.h"

#include <gmock/gmock.h>

namespace matic::http {
namespace {

using testing::HasSubstr;

TEST(FileUrlTest, NamesAPath) {
  const std::pair<const char*, const char*> table[] = {
      {"file:///media/usb/os.squashfs", "/media/usb/os.squashfs"},
      {"file://localhost/media/os", "/media/os"},
      {"file:///a%20b%2fc%C3%A4", "/a b/c\xC3\xA4"},
      {"file:///100%25", "/100%"},
      {"file:///", "/"},
      // Not decided here: AllowedFolders does.
      {"file:///media/../etc/shadow", "/media/../etc/shadow"},
      {"file:///media/%2e%2e/etc/shadow", "/media/../etc/shadow"},
  };
  for (const auto& [url, path] : table) {
    const auto got = FilePathOfUrl(url);
    ASSERT_TRUE(got) << url << ": " << got.error().message;
    EXPECT_EQ(got->string(), path);
  }
}

TEST(FileUrlTest, OfThisMachineAlone) {
  for (const char* url : {"file://", "file://host/os", "file://localhost", "file://localhosts/os",
                          "file://../os", "file://os.squashfs", "file://%2fos"}) {
    const auto got = FilePathOfUrl(url);
    ASSERT_FALSE(got) << url;
    EXPECT_EQ(got.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(got.error().message,
                HasSubstr(std::string(url) + ": a file URL has three slashes"));
  }
}

TEST(FileUrlTest, BytesAreWrittenAsTwoDigits) {
  for (const char* url : {"file:///a%", "file:///a%2", "file:///a%zz", "file:///a%00b",
                          "file:///%%20", "file:///a% 20"}) {
    const auto got = FilePathOfUrl(url);
    ASSERT_FALSE(got) << url;
    EXPECT_EQ(got.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(got.error().message, HasSubstr("no two hexadecimal digits"));
  }
}

}  // namespace
}  // namespace matic::http

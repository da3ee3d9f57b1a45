#include "lib/trust/url_reference.h"

#include <gtest/gtest.h>

namespace matic::trust {
namespace {

constexpr char kBase[] = "https://cdn.example.com/os/stable.json?token=1/2";

TEST(ResolveUrl, RelativePathsAreBesideTheManifest) {
  EXPECT_EQ(ResolveUrl(kBase, "os-2.0.squashfs").value(),
            "https://cdn.example.com/os/os-2.0.squashfs");
  EXPECT_EQ(ResolveUrl(kBase, "2.0/image?x=1").value(), "https://cdn.example.com/os/2.0/image?x=1");
  EXPECT_EQ(ResolveUrl("file:///media/usb/os.manifest.json", "os.squashfs").value(),
            "file:///media/usb/os.squashfs");
  EXPECT_EQ(ResolveUrl("https://h/a.json", "b").value(), "https://h/b");
}

TEST(ResolveUrl, UrlsStayAsTheyAre) {
  for (const char* url : {"https://b.example.com/x", "http://b/x:y", "file:///x/y"}) {
    EXPECT_EQ(ResolveUrl(kBase, url).value(), url);
  }
}

TEST(ResolveUrl, RefusesABaseWithoutAFile) {
  EXPECT_FALSE(ResolveUrl("https://host", "x"));
  EXPECT_FALSE(ResolveUrl("stable.json", "x"));
  EXPECT_FALSE(ResolveUrl("", "x"));
}

TEST(CheckUrlReference, RefusesWhatCouldLeadElsewhere) {
  for (const std::string& reference :
       {std::string(), std::string("/etc/passwd"), std::string("//host/x"), std::string("../x"),
        std::string("a/../../x"), std::string("a/.."), std::string("./x"), std::string("ftp://h/x"),
        std::string("HTTPS://h/x"), std::string("javascript:x"), std::string("a b"),
        std::string("a\nb"), std::string("a\0b", 3), std::string("a\\b"), std::string("a\"b"),
        std::string("a#b"), std::string("\xc3\xa9"), std::string("?x"), std::string(2049, 'a')}) {
    const Result<> checked = CheckUrlReference(reference);
    ASSERT_FALSE(checked) << reference;
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_TRUE(CheckUrlReference(std::string(2048, 'a')));
  EXPECT_TRUE(CheckUrlReference("a..b/..c"));
}

}  // namespace
}  // namespace matic::trust

// URLs and what servers say of themselves, damaged.
#include <gtest/gtest.h>

#include "lib/http/file_url.h"
#include "lib/http/response_parser.h"
#include "lib/http/url.h"
#include "tests/fakes/broken_text.h"

namespace matic::http {
namespace {

TEST(BrokenUrls, ShowNoSecret) {
  const std::string secret = "dd4f1f7c9a";
  const std::string good = "https://user:" + secret + "@h/x?token=" + secret;
  EXPECT_EQ(PublicUrl(good).find(secret), std::string::npos);
  for (const std::string& url : fakes::Broken(good, 5000)) {
    const std::string scheme = UrlScheme(url);
    EXPECT_LE(scheme.size(), url.size());
    EXPECT_LE(PublicUrl(url).size(), url.size() + 4);
  }
}

TEST(BrokenUrls, OfFilesLeadToNothingHidden) {
  for (const std::string& url : fakes::Broken("file:///var/lib/matic/os%202.0.squashfs", 5000)) {
    const auto path = FilePathOfUrl(url);
    if (!path) {
      EXPECT_LE(path.error().message.size(), url.size() + 300);
      continue;
    }
    EXPECT_TRUE(path->is_absolute()) << url.substr(0, 300);
    // The kernel would stop reading there, and open another file than was looked at.
    EXPECT_EQ(path->string().find('\0'), std::string::npos) << url.substr(0, 300);
  }
}

TEST(BrokenAnswers, RangesAreWithinTheirTotal) {
  for (const char* good : {"bytes 5-9/10", "bytes 0-1048575/*"}) {
    for (const std::string& text : fakes::Broken(good, 5000)) {
      const auto range = ParseContentRange(text);
      if (!range) continue;
      EXPECT_LE(range->first, range->last) << text;
      if (range->total) {
        EXPECT_LT(range->last, *range->total) << text;
      }
    }
  }
}

TEST(BrokenAnswers, HeadersAreBounded) {
  for (const char* good : {"HTTP/1.1 206 Partial Content\r\n", "ETag: \"abc\"\r\n",
                           "Content-Range: bytes 5-9/10\r\n", "Last-Modified: now\r\n"}) {
    for (const std::string& line : fakes::Broken(good, 2000)) {
      ResponseParser parser;
      bool taken = true;
      for (int i = 0; i < 3; ++i) taken = parser.TakeLine(line) && taken;
      EXPECT_LE(parser.Validator().size(), line.size());
      if (line.size() > (1U << 20)) {
        EXPECT_FALSE(taken);
      }
    }
  }
}

}  // namespace
}  // namespace matic::http

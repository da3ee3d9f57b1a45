#include "lib/http/url.h"

#include <gtest/gtest.h>

#include "lib/http/origin.h"
#include "lib/http/response_parser.h"

namespace matic::http {
namespace {

TEST(Url, Scheme) {
  EXPECT_EQ(UrlScheme("HTTPS://host/x"), "https");
  EXPECT_EQ(UrlScheme("file:///x"), "file");
  EXPECT_EQ(UrlScheme("git+ssh://x"), "git+ssh");
  EXPECT_EQ(UrlScheme("/var/x.squashfs"), "");
  EXPECT_EQ(UrlScheme("://x"), "");
  EXPECT_EQ(UrlScheme("a b://x"), "");
  EXPECT_EQ(UrlScheme(""), "");
}

TEST(Url, PublicFormHidesSecrets) {
  EXPECT_EQ(PublicUrl("https://host/x.squashfs"), "https://host/x.squashfs");
  EXPECT_EQ(PublicUrl("https://user:word@host/x"), "https://host/x");
  EXPECT_EQ(PublicUrl("https://user:wo@rd@host:8443"), "https://host:8443");
  EXPECT_EQ(PublicUrl("https://host/a@b?X-Amz-Signature=1"), "https://host/a@b?…");
  EXPECT_EQ(PublicUrl("https://host/x#y"), "https://host/x?…");
  EXPECT_EQ(PublicUrl("HTTPS://host/os?token=secret#at"), "HTTPS://host/os?…");
  EXPECT_EQ(PublicUrl("tarball+https://host/x?private_token=1#web"), "tarball+https://host/x?…");
  EXPECT_EQ(PublicUrl("https://[::1]:8443/x"), "https://[::1]:8443/x");
  EXPECT_EQ(PublicUrl("no url"), "no url");
}

TEST(Url, PublicFormOfWhatIsMistyped) {
  EXPECT_EQ(PublicUrl("https://alice:ge/heim@host/x"), "https://…");
  EXPECT_EQ(PublicUrl("https://alice:ge?heim@host/x"), "https://…");
  EXPECT_EQ(PublicUrl("https://alice:ge#heim@host/x"), "https://…");
  EXPECT_EQ(PublicUrl("alice:geheim@host/x?token=1"), "host/x?…");
  EXPECT_EQ(PublicUrl("https:/alice:geheim@host/x"), "host/x");
  EXPECT_EQ(PublicUrl("://alice:ge?heim@host/x#y"), "host/x?…");
  EXPECT_EQ(PublicUrl("host/x?token=1"), "host/x?…");
  EXPECT_EQ(PublicUrl("a b@https://alice:ge/x"), "https://…");
}

TEST(Url, PublicFormOfAFlakeTellsBranchAndMachine) {
  for (const char* flake :
       {"/etc/ni@xos?dir=a#web", "./here#web", "path:/srv/a@b#web",
        "git+file:///srv/config?ref=main#web", "github:org/config/main?dir=a#web",
        "git+https://host:8443/x?ref=main#web"}) {
    EXPECT_EQ(PublicUrl(flake), flake);
  }
  EXPECT_EQ(PublicUrl("git+ssh://git@host/x?ref=main#web"), "git+ssh://host/x?ref=main#web");
}

TEST(OriginTest, HasOneFormForAServer) {
  const Origin local{"https", "127.0.0.1", "443"};
  for (const char* url : {"https://127.0.0.1/x", "HTTPS://user:word@127.0.0.1:443", "https://127.1",
                          "https://0x7f.1/", "https://2130706433", "https://%31%32%37.1/x",
                          "https://%32130706433/"}) {
    const auto origin = OriginOf(url);
    ASSERT_TRUE(origin) << url;
    EXPECT_EQ(*origin, local) << url << " is " << origin->host << ":" << origin->port;
  }
  EXPECT_EQ(*OriginOf("http://%45XAMPLE.org"), (Origin{"http", "example.org", "80"}));
  EXPECT_EQ(*OriginOf("https://[FE80::1]:8443/"), (Origin{"https", "[fe80::1]", "8443"}));
  for (const char* url : {"", "host/x", "https://", "https://%2530/x", "https://a%2fb/"}) {
    EXPECT_FALSE(OriginOf(url)) << url;
  }
}

TEST(ContentRange, IsReadStrictly) {
  EXPECT_EQ(ParseContentRange("bytes 5-9/10"), (ContentRange{5, 9, 10}));
  EXPECT_EQ(ParseContentRange("Bytes 5-9/*"), (ContentRange{5, 9, std::nullopt}));
  for (const char* wrong :
       {"", "bytes", "bytes */10", "bytes 9-5/10", "bytes 5-10/10", "bytes 5-9", "bytes 5-9/",
        "bytes 5-9/10x", "bytes -5-9/10", "bytes 5 -9/10", "bytes 0-18446744073709551615/*",
        "bytes 0-99999999999999999999/*", "items 5-9/10"}) {
    EXPECT_EQ(ParseContentRange(wrong), std::nullopt) << wrong;
  }
}

TEST(ResponseParser, ForgetsTheHeadersOfAnEarlierAnswer) {
  ResponseParser parser;
  EXPECT_TRUE(parser.TakeLine("HTTP/1.1 100 Continue\r\n"));
  EXPECT_TRUE(parser.TakeLine("ETag: \"old\"\r\n"));
  EXPECT_TRUE(parser.TakeLine("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(parser.TakeLine("last-modified:  Tue, 27 Jan 2026 01:00:00 GMT \r\n"));
  EXPECT_EQ(parser.Validator(), "Tue, 27 Jan 2026 01:00:00 GMT");
}

TEST(ResponseParser, WhatWouldBreakTheHeaderOfARequestIsNoValidator) {
  ResponseParser parser;
  EXPECT_TRUE(parser.TakeLine("ETag: \"1\rAuthorization: x\"\r\n"));
  EXPECT_TRUE(parser.TakeLine("Last-Modified: a\rb\r\n"));
  EXPECT_EQ(parser.Validator(), "");
}

TEST(ResponseParser, AWeakTagIsNoValidator) {
  ResponseParser parser;
  EXPECT_TRUE(parser.TakeLine("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(parser.TakeLine("ETag: W/\"1\"\r\n"));
  EXPECT_EQ(parser.Validator(), "");
  EXPECT_TRUE(parser.TakeLine("ETag: \"1\"\r\n"));
  EXPECT_EQ(parser.Validator(), "\"1\"");
}

}  // namespace
}  // namespace matic::http

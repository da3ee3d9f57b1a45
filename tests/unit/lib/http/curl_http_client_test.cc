#include "lib/http/curl_http_client.h"

#include <gmock/gmock.h>

#include <set>
#include <thread>

#include "tests/unit/lib/http/http_server.h"
#include "tests/unit/lib/http/memory_sink.h"

namespace matic::http {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr uint64_t kSize = 1'000'000;

class CurlHttpClientTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new HttpServer(); }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  CurlOptions Options() const { return {.ca_file = server_->ca_file(), .low_speed_time = 1s}; }

  Result<ResponseHead> Get(const std::string& url, uint64_t offset = 0,
                           const std::string& validator = "") {
    return Get(Options(), url, offset, validator);
  }
  Result<ResponseHead> Get(const CurlOptions& options, const std::string& url, uint64_t offset = 0,
                           const std::string& validator = "") {
    sink_ = MemorySink();
    CurlHttpClient client(options);
    return client.Get({url, offset, validator, kSize}, sink_, {});
  }
  void ExpectError(const Result<ResponseHead>& result, ErrorCode code, const std::string& what) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(CodeName(result.error().code), CodeName(code)) << result.error().message;
    EXPECT_THAT(result.error().message, HasSubstr(what));
  }

  static HttpServer* server_;
  MemorySink sink_;
};

HttpServer* CurlHttpClientTest::server_ = nullptr;

// A part of the content, as delta updates ask for.
class PartTest : public CurlHttpClientTest {
 protected:
  Result<ResponseHead> GetPart(const std::string& path, uint64_t offset, uint64_t length) {
    sink_ = MemorySink();
    return client_.Get({.url = server_->Https(path),
                        .offset = offset,
                        .max_bytes = kSize,
                        .length = length,
                        .connection = &connection_},
                       sink_, {});
  }

  CurlHttpClient client_{Options()};
  Connection connection_;
};

TEST_F(PartTest, AsLongAsAskedFor) {
  const auto head = GetPart("/image", 1000, 77);
  ASSERT_TRUE(head.has_value()) << head.error().message;
  EXPECT_EQ(head->status, 206);
  EXPECT_EQ(head->offset, 1000u);
  EXPECT_EQ(head->total_bytes, kSize);
  EXPECT_EQ(sink_.body, HttpServer::Content().substr(1000, 77));
}

TEST_F(PartTest, FromTheStart) {
  ASSERT_TRUE(GetPart("/image", 0, 10).has_value());
  EXPECT_EQ(sink_.body, HttpServer::Content().substr(0, 10));
}

TEST_F(PartTest, UpToTheEnd) {
  ASSERT_TRUE(GetPart("/image", kSize - 5, 10).has_value());
  EXPECT_EQ(sink_.body, HttpServer::Content().substr(kSize - 5));
}

TEST_F(PartTest, AServerWithoutRangesIsRefusedBeforeItsFirstByte) {
  ExpectError(GetPart("/without-ranges", 0, 10), ErrorCode::kRefused, "answers with all of it");
  EXPECT_EQ(sink_.body, "");
}

TEST_F(PartTest, AnotherPartIsAContradiction) {
  ExpectError(GetPart("/short-range", 100, 20), ErrorCode::kCorrupt, "answered with those up to");
  ExpectError(GetPart("/long-range", 100, 10), ErrorCode::kCorrupt, "answered with those up to");
  ExpectError(GetPart("/wrong-range", 0, 10), ErrorCode::kCorrupt, "bytes from 1");
  EXPECT_EQ(sink_.body, "");
}

TEST_F(PartTest, OneConnectionServesRequestAfterRequest) {
  std::set<std::string> seen;
  for (int i = 0; i < 3; ++i) {
    const auto head = GetPart("/connection?keep=1", 0, 5);
    if (head.has_value()) seen.insert(sink_.body);
  }
  EXPECT_EQ(seen.size(), 1u);
}

TEST_F(PartTest, AKeptConnectionIsRedirectedAnewEachTime) {
  for (const uint64_t offset : {0u, 1000u}) {
    const auto head = GetPart("/redirect?to=/image", offset, 77);
    ASSERT_TRUE(head.has_value()) << head.error().message;
    EXPECT_EQ(head->url, server_->Https("/image"));
    EXPECT_EQ(sink_.body, HttpServer::Content().substr(offset, 77));
  }
}

TEST_F(PartTest, WhatBrokeIsNotUsedAgain) {
  EXPECT_FALSE(GetPart("/truncated?after=100", 0, 1000).has_value());
  EXPECT_TRUE(GetPart("/image", 0, 10).has_value());
  EXPECT_EQ(sink_.body, HttpServer::Content().substr(0, 10));
}

TEST_F(CurlHttpClientTest, FetchesOverTls) {
  const auto head = Get(server_->Https("/image"));
  ASSERT_TRUE(head.has_value()) << head.error().message;
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->total_bytes, kSize);
  EXPECT_EQ(head->validator, "\"v1\"");
  EXPECT_EQ(sink_.begun, 1);
  EXPECT_EQ(sink_.body, HttpServer::Content());
}

TEST_F(CurlHttpClientTest, ContinuesAfterAReset) {
  const auto broken = Get(server_->Https("/reset?after=300000"));
  ExpectError(broken, ErrorCode::kUnavailable, "/reset?…: ");
  EXPECT_THAT(broken.error().message, Not(HasSubstr("after=")));
  const std::string begin = sink_.body;
  EXPECT_GT(begin.size(), 0u);
  EXPECT_LE(begin.size(), 300000u);
  const auto head = Get(server_->Https("/image"), begin.size(), sink_.head.validator);
  ASSERT_TRUE(head.has_value()) << head.error().message;
  EXPECT_EQ(head->status, 206);
  EXPECT_EQ(head->offset, begin.size());
  EXPECT_EQ(head->total_bytes, kSize);
  EXPECT_EQ(begin + sink_.body, HttpServer::Content());
}

TEST_F(CurlHttpClientTest, StartsAnewWhenTheContentHasChanged) {
  const auto head = Get(server_->Http("/image"), 5000, "\"v0\"");
  ASSERT_TRUE(head.has_value()) << head.error().message;
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->offset, 0u);
  EXPECT_EQ(sink_.body.size(), kSize);
}

TEST_F(CurlHttpClientTest, SaysWhenTheServerHasNoRanges) {
  const auto head = Get(server_->Http("/without-ranges"), 5000);
  ASSERT_TRUE(head.has_value()) << head.error().message;
  EXPECT_EQ(head->offset, 0u);
  EXPECT_EQ(sink_.body, HttpServer::Content());
}

TEST_F(CurlHttpClientTest, RefusesARangeItDidNotAskFor) {
  ExpectError(Get(server_->Http("/wrong-range"), 5000), ErrorCode::kCorrupt,
              "asked for the bytes from 5000, answered with bytes from 1");
  ExpectError(Get(server_->Http("/multipart"), 5000), ErrorCode::kCorrupt, "no single range");
  ExpectError(Get(server_->Http("/wrong-range")), ErrorCode::kCorrupt,
              "asked for the bytes from 0");
  EXPECT_EQ(sink_.body, "");
}

TEST_F(CurlHttpClientTest, ARangeThatEndsEarlyIsNoWholeBody) {
  ExpectError(Get(server_->Http("/short-range"), 5000), ErrorCode::kUnavailable,
              "ended after 5010 of 1000000 bytes");
}

TEST_F(CurlHttpClientTest, ATruncatedBodyIsAnError) {
  ExpectError(Get(server_->Http("/truncated?after=1234")), ErrorCode::kUnavailable, "");
  EXPECT_EQ(sink_.body.size(), 1234u);
}

TEST_F(CurlHttpClientTest, TakesABodyOfUnknownLength) {
  const auto head = Get(server_->Http("/without-length"));
  ASSERT_TRUE(head.has_value()) << head.error().message;
  EXPECT_EQ(head->total_bytes, std::nullopt);
  EXPECT_EQ(sink_.body.size(), kSize);
}

TEST_F(CurlHttpClientTest, CutsAnEndlessBody) {
  ExpectError(Get(server_->Https("/endless")), ErrorCode::kInvalidArgument,
              "/endless: sends more than the 1000000 bytes that fit");
  EXPECT_LE(sink_.body.size(), kSize);
}

TEST_F(CurlHttpClientTest, RefusesWhatIsAnnouncedTooLargeBeforeTheFirstByte) {
  CurlHttpClient client(Options());
  ExpectError(client.Get({server_->Http("/image"), 0, "", kSize - 1}, sink_, {}),
              ErrorCode::kInvalidArgument, "is 1000000 bytes, more than the 999999 that fit");
  EXPECT_EQ(sink_.begun, 0);
}

TEST_F(CurlHttpClientTest, GivesUpOnAStall) {
  ExpectError(Get(server_->Https("/stall")), ErrorCode::kUnavailable, "stalled: ");
  ExpectError(Get(server_->Https("/silent")), ErrorCode::kUnavailable, "/silent: ");
  ExpectError(Get(server_->Https("/trickle")), ErrorCode::kUnavailable, "stalled: ");
}

TEST_F(CurlHttpClientTest, StopsWithinASecond) {
  CurlHttpClient client({.ca_file = server_->ca_file()});
  for (const std::string path : {"/stall", "/silent"}) {
    std::stop_source source;
    std::chrono::steady_clock::time_point stopped;
    std::jthread stopper([&] {
      std::this_thread::sleep_for(200ms);
      stopped = std::chrono::steady_clock::now();
      source.request_stop();
    });
    const auto result = client.Get({server_->Https(path), 0, "", kSize}, sink_, source.get_token());
    const auto returned = std::chrono::steady_clock::now();
    stopper.join();
    ExpectError(result, ErrorCode::kCancelled, path);
    EXPECT_LT(returned - stopped, 1s);
  }
}

TEST_F(CurlHttpClientTest, TheSinkMayEndIt) {
  sink_.refuse_head = true;
  CurlHttpClient client(Options());
  const auto result = client.Get({server_->Http("/image"), 0, "", kSize}, sink_, {});
  ExpectError(result, ErrorCode::kRefused, "the sink does not want it");
  EXPECT_EQ(sink_.body, "");
}

TEST_F(CurlHttpClientTest, TrustsOnlyTheCaFile) {
  CurlOptions options = Options();
  options.ca_file = "";
  ExpectError(Get(options, server_->Https("/image")), ErrorCode::kPermission,
              "/image: certificate verify failed: self-signed certificate");
  EXPECT_EQ(sink_.begun, 0);
}

TEST_F(CurlHttpClientTest, TheCertificateMustNameTheHost) {
  std::string url = server_->Https("/image");
  url.replace(url.find("127.0.0.1"), 9, "localhost");
  ExpectError(Get(url), ErrorCode::kPermission, "https://localhost:");
}

TEST_F(CurlHttpClientTest, SaysWhichCaFileIsMissing) {
  CurlOptions options = Options();
  options.ca_file = "/nonexistent/ca.pem";
  ExpectError(Get(options, server_->Https("/image")), ErrorCode::kInvalidArgument,
              "/nonexistent/ca.pem");
}

TEST_F(CurlHttpClientTest, ATlsErrorOtherThanTrustMayPass) {
  std::string url = server_->Http("/image");
  url.replace(0, 4, "https");
  ExpectError(Get(url), ErrorCode::kUnavailable, url);
}

TEST_F(CurlHttpClientTest, StatusesHaveTheirMeaning) {
  const std::pair<int, ErrorCode> table[] = {
      {404, ErrorCode::kNotFound},       {410, ErrorCode::kNotFound},
      {400, ErrorCode::kRefused},        {401, ErrorCode::kRefused},
      {403, ErrorCode::kRefused},        {408, ErrorCode::kUnavailable},
      {429, ErrorCode::kUnavailable},    {416, ErrorCode::kCorrupt},
      {500, ErrorCode::kUnavailable},    {503, ErrorCode::kUnavailable},
      {203, ErrorCode::kInvalidArgument}};
  for (const auto& [status, code] : table) {
    const std::string number = std::to_string(status);
    ExpectError(Get(server_->Https("/status?code=" + number)), code, "/status?…: HTTP " + number);
    EXPECT_EQ(sink_.begun, 0);
  }
}

TEST_F(CurlHttpClientTest, AnyStatusIsAnAnswerToWhoAsksForIt) {
  CurlHttpClient client(Options());
  for (const int status : {200, 203, 404, 503}) {
    sink_ = MemorySink();
    const auto result = client.Get({.url = server_->Http("/status?code=" + std::to_string(status)),
                                    .max_bytes = kSize,
                                    .any_status = true},
                                   sink_, {});
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->status, status);
    EXPECT_EQ(sink_.head.status, status);
    EXPECT_EQ(sink_.body, "sorry");
  }
}

TEST_F(CurlHttpClientTest, TheWholeAnswerHasADeadline) {
  CurlHttpClient client({.ca_file = server_->ca_file()});
  for (const std::string path : {"/trickle", "/silent", "/redirect?to=/silent"}) {
    sink_ = MemorySink();
    const auto result =
        client.Get({.url = server_->Https(path), .max_bytes = kSize, .deadline = 500ms}, sink_, {});
    ASSERT_FALSE(result) << path;
    EXPECT_EQ(result.error().code, ErrorCode::kUnavailable) << result.error().message;
  }
}

TEST_F(CurlHttpClientTest, FollowsRedirectsUpwards) {
  const auto head = Get(server_->Http("/redirect?to=" + server_->Https("/image")));
  ASSERT_TRUE(head.has_value()) << head.error().message;
  EXPECT_EQ(head->url, server_->Https("/image"));
  EXPECT_EQ(sink_.body.size(), kSize);
}

TEST_F(CurlHttpClientTest, AResumeFollowsRedirectsToo) {
  const auto head = Get(server_->Https("/redirect?status=307&to=/image"), 999990);
  ASSERT_TRUE(head.has_value()) << head.error().message;
  EXPECT_EQ(sink_.body, HttpServer::Content().substr(999990));
}

TEST_F(CurlHttpClientTest, NeverRedirectsDownwards) {
  ExpectError(Get(server_->Https("/redirect?to=" + server_->Http("/image"))), ErrorCode::kRefused,
              "redirects to " + server_->Http("/image") + ", refused");
  ExpectError(Get(server_->Http("/redirect?to=file:///etc/passwd")), ErrorCode::kRefused,
              "redirects to file:///etc/passwd, refused");
  ExpectError(Get(server_->Http("/redirect?to=ftp://127.0.0.1/x")), ErrorCode::kRefused, "ftp");
  EXPECT_EQ(sink_.begun, 0);
}

TEST_F(CurlHttpClientTest, RedirectsAreBounded) {
  ExpectError(Get(server_->Http("/loop")), ErrorCode::kRefused, "more than 5 redirects");
  ExpectError(Get(server_->Http("/endless-redirect")), ErrorCode::kCorrupt, "endless body");
}

TEST_F(CurlHttpClientTest, RefusesCompressionAndLargeHeaders) {
  ExpectError(Get(server_->Http("/compressed")), ErrorCode::kCorrupt, "content-encoding gzip");
  ExpectError(Get(server_->Http("/large-header")), ErrorCode::kCorrupt, "header is too large");
}

TEST_F(CurlHttpClientTest, OnlyHttpAndOnlyWhereAllowed) {
  ExpectError(Get("ftp://host/x"), ErrorCode::kInvalidArgument, "its scheme is \"ftp\"");
  ExpectError(Get("image.squashfs"), ErrorCode::kInvalidArgument, "not an http or https URL");
  ExpectError(Get("https://"), ErrorCode::kInvalidArgument, "");
  CurlOptions options = Options();
  options.allow_http = false;
  ExpectError(Get(options, server_->Http("/image")), ErrorCode::kInvalidArgument, "use https");
  ExpectError(Get(options, server_->Https("/redirect?to=" + server_->Http("/image"))),
              ErrorCode::kRefused, "refused");
}

TEST_F(CurlHttpClientTest, OtherOptionsCountFromTheNextRequestOn) {
  CurlOptions options = Options();
  CurlHttpClient client(options);
  EXPECT_TRUE(client.Get({server_->Http("/image"), 0, "", kSize}, sink_, {}));
  options.allow_http = false;
  client.Configure(options);
  sink_ = MemorySink();
  ExpectError(client.Get({server_->Http("/image"), 0, "", kSize}, sink_, {}),
              ErrorCode::kInvalidArgument, "use https");
}

TEST_F(CurlHttpClientTest, AnUnreachableServerMayComeBack) {
  ExpectError(Get("http://127.0.0.1:1/image"), ErrorCode::kUnavailable,
              "http://127.0.0.1:1/image: ");
  ExpectError(Get("https://name.invalid/image"), ErrorCode::kUnavailable,
              "https://name.invalid/image: ");
}

TEST_F(CurlHttpClientTest, ErrorsHoldNoCredentials) {
  std::string url = server_->Http("/status?code=403&token=secret");
  url.insert(url.find("127"), "alice:secret@");
  const auto result = Get(url);
  ExpectError(result, ErrorCode::kRefused, "HTTP 403");
  EXPECT_THAT(result.error().message,
              AllOf(StartsWith("http://127.0.0.1:"), Not(HasSubstr("secret"))));
}

}  // namespace
}  // namespace matic::http

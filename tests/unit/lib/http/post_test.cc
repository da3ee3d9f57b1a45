// Small messages, and the answers of servers of all manners.
#include <gmock/gmock.h>

#include <thread>

#include "lib/http/curl_http_client.h"
#include "tests/unit/lib/http/http_server.h"

namespace matic::http {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using namespace std::chrono_literals;

class PostTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new HttpServer(); }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  CurlOptions Options() const { return {.ca_file = server_->ca_file(), .section = "fleet_lock"}; }

  Result<PostAnswer> Post(const std::string& url) { return Post(Options(), url, 60s); }
  Result<PostAnswer> Post(const CurlOptions& options, const std::string& url,
                          std::chrono::milliseconds deadline, std::stop_token stop = {}) {
    CurlHttpClient client(options);
    return client.Post({.url = url,
                        .headers = {"X-Test: yes", "Content-Type: application/json"},
                        .body = "{\"a\": 1}",
                        .deadline = deadline},
                       std::move(stop));
  }
  void ExpectError(const Result<PostAnswer>& result, ErrorCode code, const std::string& what) {
    ASSERT_FALSE(result.has_value()) << result->status;
    EXPECT_EQ(CodeName(result.error().code), CodeName(code)) << result.error().message;
    EXPECT_THAT(result.error().message, HasSubstr(what));
  }

  static HttpServer* server_;
};

HttpServer* PostTest::server_ = nullptr;

TEST_F(PostTest, SendsWhatItWasGiven) {
  const auto answer = Post(server_->Https("/posted"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_THAT(answer->body,
              AllOf(StartsWith("POST\n"), HasSubstr("X-Test: yes"),
                    HasSubstr("Content-Type: application/json"), Not(HasSubstr("Expect:")),
                    Not(HasSubstr("urlencoded")), EndsWith("\n\n{\"a\": 1}")));
}

TEST_F(PostTest, AnyStatusIsAnAnswer) {
  for (const int status : {201, 400, 404, 409, 500, 503}) {
    const auto answer = Post(server_->Https("/status?code=" + std::to_string(status)));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, status);
    EXPECT_EQ(answer->body, "sorry");
  }
}

TEST_F(PostTest, IsSentToNobodyElse) {
  const auto answer = Post(server_->Https("/redirect?to=" + server_->Https("/posted")));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(answer->body, "over");
}

TEST_F(PostTest, OfAHugeAnswerTheBeginningIsRead) {
  const auto answer = Post(server_->Https("/endless"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, HttpServer::Content().substr(0, 4096));
  const auto redirect = Post(server_->Https("/endless-redirect"));
  ASSERT_TRUE(redirect) << redirect.error().message;
  EXPECT_EQ(redirect->status, 302);
}

TEST_F(PostTest, NonsenseIsAnError) {
  EXPECT_FALSE(Post(server_->Https("/no-http")));
  ExpectError(Post(server_->Https("/large-header")), ErrorCode::kCorrupt, "header");
}

TEST_F(PostTest, AnAnswerHasItsDeadline) {
  ExpectError(Post(Options(), server_->Https("/silent"), 200ms), ErrorCode::kUnavailable,
              "timed out");
  ExpectError(Post(Options(), server_->Https("/trickle"), 500ms), ErrorCode::kUnavailable,
              "timed out");
}

TEST_F(PostTest, AStopEndsIt) {
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(100ms);
    stop.request_stop();
  });
  ExpectError(Post(Options(), server_->Https("/silent"), 60s, stop.get_token()),
              ErrorCode::kCancelled, "stopped");
}

TEST_F(PostTest, OnlyAServerThatIsTrustedGetsIt) {
  CurlOptions options = Options();
  options.ca_file.clear();
  ExpectError(Post(options, server_->Https("/posted"), 60s), ErrorCode::kPermission, "certificate");
}

TEST_F(PostTest, AClientCertificateIsShown) {
  CurlOptions options = Options();
  ExpectError(Post(options, server_->Mutual("/posted"), 60s), ErrorCode::kRefused,
              "fleet_lock.client_certificate");
  options.client_certificate = server_->File("client.pem");
  options.client_key_secret = server_->File("client.key");
  const auto answer = Post(options, server_->Mutual("/posted"), 60s);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
}

TEST_F(PostTest, ErrorsNameNoSecrets) {
  const auto refused = Post("https://alice:geheim@127.0.0.1:1/lock?token=geheim");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, Not(HasSubstr("geheim")));
}

}  // namespace
}  // namespace matic::http

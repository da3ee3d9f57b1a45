// What a client shows to servers and proxies, and to which of them.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "lib/http/curl_http_client.h"
#include "tests/unit/lib/http/http_server.h"
#include "tests/unit/lib/http/memory_sink.h"

namespace matic::http {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kToken[] = "Authorization: Bearer 5up3r-geheim";

class CredentialsTest : public testing::Test {
 protected:
  CredentialsTest() : options_{.ca_file = server_->ca_file()} {}
  static void SetUpTestSuite() { server_ = new HttpServer(); }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  // The name of a secret with this content.
  static std::string Secret(const std::string& content) {
    static int number = 0;
    const std::string file = server_->File("secret-" + std::to_string(++number));
    std::ofstream(file) << content;
    ::chmod(file.c_str(), 0600);
    return file;
  }
  // "127.0.0.1:8443"
  static std::string HostOf(const std::string& url) {
    const size_t host = url.find("://") + 3;
    return url.substr(host, url.find('/', host) - host);
  }

  Result<ResponseHead> Get(const std::string& url) {
    sink_ = MemorySink();
    CurlHttpClient client(options_);
    return client.Get({.url = url, .max_bytes = 2'000'000}, sink_, {});
  }
  std::string BodyOf(const std::string& url) {
    const auto head = Get(url);
    EXPECT_TRUE(head) << head.error().message;
    return sink_.body;
  }
  void ExpectError(const std::string& url, ErrorCode code, const std::string& what) {
    const auto result = Get(url);
    ASSERT_FALSE(result) << url;
    EXPECT_EQ(CodeName(result.error().code), CodeName(code)) << result.error().message;
    EXPECT_THAT(result.error().message, AllOf(HasSubstr(what), Not(HasSubstr("geheim"))));
    EXPECT_EQ(sink_.body, "");
  }
  // By whichever proxy, so far.
  std::string Proxied() {
    CurlHttpClient direct({});
    MemorySink sink;
    EXPECT_TRUE(direct.Get({.url = server_->Http("/proxied"), .max_bytes = 1 << 20}, sink, {}));
    return sink.body;
  }

  static HttpServer* server_;
  CurlOptions options_;
  MemorySink sink_;
};

HttpServer* CredentialsTest::server_ = nullptr;

TEST_F(CredentialsTest, AServerThatAsksForACertificateGetsIt) {
  options_.client_certificate = server_->File("client.pem");
  options_.client_key_secret = server_->File("client.key");
  EXPECT_EQ(BodyOf(server_->Mutual("/image")), HttpServer::Content());
  EXPECT_EQ(BodyOf(server_->Https("/image")), HttpServer::Content()) << "one that does not ask";
}

TEST_F(CredentialsTest, TheKeyMayBeACredentialOfSystemd) {
  options_.client_certificate = server_->File("client.pem");
  options_.client_key_secret = "client.key";
  ::setenv("CREDENTIALS_DIRECTORY", server_->File("").c_str(), 1);
  EXPECT_EQ(BodyOf(server_->Mutual("/image")), HttpServer::Content());
  ::unsetenv("CREDENTIALS_DIRECTORY");
  ExpectError(server_->Mutual("/image"), ErrorCode::kInvalidArgument, "LoadCredential=client.key");
}

TEST_F(CredentialsTest, WithoutTheRightCertificateTheServerRefuses) {
  ExpectError(server_->Mutual("/image"), ErrorCode::kRefused,
              "the server asks for a client certificate (download.client_certificate)");
  options_.client_certificate = server_->File("stranger.pem");
  options_.client_key_secret = server_->File("stranger.key");
  ExpectError(server_->Mutual("/image"), ErrorCode::kRefused,
              "the server does not take the client certificate");
}

TEST_F(CredentialsTest, ACertificateThatCannotBeUsedIsNamed) {
  options_.client_certificate = server_->File("client.pem");
  options_.client_key_secret = server_->File("stranger.key");
  ExpectError(server_->Mutual("/image"), ErrorCode::kInvalidArgument, "client certificate: ");
  options_.client_key_secret = Secret("geheim, but no key");
  ExpectError(server_->Mutual("/image"), ErrorCode::kInvalidArgument, "client certificate: ");
  options_.client_key_secret = "/nonexistent/key";
  ExpectError(server_->Mutual("/image"), ErrorCode::kInvalidArgument, "/nonexistent/key");
  options_.client_certificate = "/nonexistent/client.pem";
  options_.client_key_secret = server_->File("client.key");
  ExpectError(server_->Mutual("/image"), ErrorCode::kInvalidArgument, "/nonexistent/client.pem");
  ::chmod(server_->File("client.key").c_str(), 0644);
  ExpectError(server_->Mutual("/image"), ErrorCode::kInvalidArgument, "may be read by everybody");
  ::chmod(server_->File("client.key").c_str(), 0600);
}

TEST_F(CredentialsTest, AHeaderGoesToItsServer) {
  const std::string url = server_->Https("/headers");
  options_.headers = {{HostOf(url), Secret(kToken)}, {HostOf(url), Secret("X-Site:  nord 7\n")}};
  EXPECT_THAT(BodyOf(url), AllOf(HasSubstr(kToken), HasSubstr("X-Site: nord 7")));
  EXPECT_THAT(BodyOf(server_->Https("/redirect?to=/headers")), HasSubstr(kToken));
}

TEST_F(CredentialsTest, AKeptConnectionTakesNoHeaderToAnother) {
  const std::string url = server_->Https("/headers");
  options_.headers = {{HostOf(url), Secret(kToken)}};
  CurlHttpClient client(options_);
  Connection connection;
  const auto body_of = [&](const std::string& from) {
    MemorySink sink;
    const auto head =
        client.Get({.url = from, .max_bytes = 2'000'000, .connection = &connection}, sink, {});
    EXPECT_TRUE(head) << head.error().message;
    return sink.body;
  };
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(body_of(url), HasSubstr(kToken));
    EXPECT_THAT(body_of(server_->Https("/redirect?to=" + server_->Other("/headers"))),
                AllOf(HasSubstr("Host: "), Not(HasSubstr("geheim"))));
  }
}

TEST_F(CredentialsTest, AHeaderGoesToNoOther) {
  const std::string url = server_->Https("/headers");
  options_.headers = {{HostOf(url), Secret(kToken)}};
  EXPECT_THAT(BodyOf(server_->Other("/headers")), Not(HasSubstr("geheim")));
  // Who asks another server first takes nothing along, not even back.
  for (const std::string& way :
       {server_->Https("/redirect?to=" + server_->Other("/headers")),
        server_->Other("/redirect?to=" + url),
        server_->Https("/redirect?to=" + server_->Other("/redirect?to=" + url))}) {
    EXPECT_THAT(BodyOf(way), AllOf(HasSubstr("Host: "), Not(HasSubstr("geheim")))) << way;
  }
  // The server's port alone is not the server, nor is its name before an @.
  options_.headers = {{"cdn.example.com:" + HostOf(url).substr(10), Secret(kToken)}};
  EXPECT_THAT(BodyOf(url), Not(HasSubstr("geheim")));
  std::string trick = url;
  trick.insert(trick.find("127"), "cdn.example.com@");
  EXPECT_THAT(BodyOf(trick), Not(HasSubstr("geheim")));
}

TEST_F(CredentialsTest, AHeaderNeverGoesUnencrypted) {
  const std::string url = server_->Http("/headers");
  options_.headers = {{HostOf(url), Secret(kToken)}};
  EXPECT_THAT(BodyOf(url), Not(HasSubstr("geheim")));
}

TEST_F(CredentialsTest, AnErrorQuotesNoHeader) {
  const std::string url = server_->Https("/status?code=403");
  options_.headers = {{HostOf(url), Secret(kToken)}};
  ExpectError(url, ErrorCode::kRefused, "HTTP 403");
  for (const char* line : {"geheim", "geheim\nHost: b", ": geheim", "Two Words: geheim",
                           "Host: geheim.example.com", "range: geheim", "Authorization:   "}) {
    options_.headers = {{HostOf(url), Secret(line)}};
    ExpectError(server_->Https("/headers"), ErrorCode::kInvalidArgument,
                "the header for 127.0.0.1");
  }
}

TEST_F(CredentialsTest, ThroughAProxy) {
  options_.proxy = server_->Proxy();
  EXPECT_EQ(BodyOf(server_->Https("/image")), HttpServer::Content());
  EXPECT_EQ(BodyOf(server_->Http("/image")), HttpServer::Content());
  EXPECT_THAT(Proxied(), AllOf(HasSubstr("CONNECT " + HostOf(server_->Https("/")) + "\n"),
                               HasSubstr("GET " + server_->Http("/image") + "\n")));
}

TEST_F(CredentialsTest, AProxyThatAsksForALogin) {
  options_.proxy = server_->ProxyWithLogin();
  const std::string why = "(download.proxy_secret)";
  ExpectError(server_->Https("/image"), ErrorCode::kRefused, why);
  ExpectError(server_->Http("/image"), ErrorCode::kRefused, "the proxy asks for a login");
  options_.proxy_secret = Secret("alice:falsch-geheim");
  ExpectError(server_->Https("/image"), ErrorCode::kRefused, why);
  options_.proxy_secret = Secret("geheim");
  ExpectError(server_->Https("/image"), ErrorCode::kInvalidArgument, "is no line 'user:password'");
  options_.proxy_secret = Secret("alice:geheim\n");
  EXPECT_EQ(BodyOf(server_->Https("/image")), HttpServer::Content());
  EXPECT_EQ(BodyOf(server_->Http("/image")), HttpServer::Content());
  // The login is the proxy's alone.
  EXPECT_THAT(BodyOf(server_->Https("/headers")), Not(HasSubstr("Proxy")));
}

TEST_F(CredentialsTest, AHeaderGoesThroughTheTunnelPastTheProxy) {
  const std::string url = server_->Https("/headers");
  options_.proxy = server_->Proxy();
  options_.headers = {{HostOf(url), Secret(kToken)}};
  EXPECT_THAT(BodyOf(url), HasSubstr(kToken));
  EXPECT_THAT(Proxied(), Not(HasSubstr("geheim")));
}

TEST_F(CredentialsTest, SomeServersAreAskedDirectly) {
  options_.proxy = "http://127.0.0.1:1";
  ExpectError(server_->Https("/image"), ErrorCode::kUnavailable, "/image: ");
  for (const std::string direct : {"127.0.0.1", "127.0.0.0/8"}) {
    options_.no_proxy = {"intern.example.com", direct};
    EXPECT_EQ(BodyOf(server_->Https("/image")), HttpServer::Content()) << direct;
  }
}

TEST_F(CredentialsTest, AServerBehindTheProxySendsNobodyIntoTheNetworksThatAreAskedDirectly) {
  std::string inner = server_->Http("/image");
  inner.replace(inner.find("127.0.0.1"), 9, "localhost");
  const std::string url = server_->Http("/redirect?to=" + inner);
  options_.proxy = server_->Proxy();
  options_.no_proxy = {"localhost"};
  ExpectError(url, ErrorCode::kRefused,
              "which is this machine, refused (download.local_redirects)");
  EXPECT_EQ(BodyOf(inner), HttpServer::Content()) << "but who is named is asked";

  options_.no_proxy = {};
  EXPECT_EQ(BodyOf(url), HttpServer::Content()) << "the proxy's own affair";
  options_.no_proxy = {"127.0.0.1"};
  EXPECT_EQ(BodyOf(url), HttpServer::Content()) << "outwards";
  options_.no_proxy = {"127.0.0.1", "localhost"};
  EXPECT_EQ(BodyOf(url), HttpServer::Content()) << "from the machine to the machine";
  options_.no_proxy = {"localhost"};
  options_.local_redirects = true;
  EXPECT_EQ(BodyOf(url), HttpServer::Content());
}

TEST_F(CredentialsTest, TheEnvironmentNamesNoProxy) {
  ::setenv("https_proxy", "http://127.0.0.1:1", 1);
  EXPECT_EQ(BodyOf(server_->Https("/image")), HttpServer::Content());
  ::unsetenv("https_proxy");
  ::setenv("no_proxy", "*", 1);
  options_.proxy = "http://127.0.0.1:1";
  ExpectError(server_->Https("/image"), ErrorCode::kUnavailable, "/image: ");
  ::unsetenv("no_proxy");
}

}  // namespace
}  // namespace matic::http

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "agent/health/http_check.h"
#include "agent/health/tcp_check.h"
#include "lib/base/unique_fd.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/fakes/fake_process_runner.h"

namespace matic::health {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::vector<uint8_t> Bytes(std::string_view text) { return {text.begin(), text.end()}; }

class TcpCheckTest : public testing::Test {
 protected:
  // A port of the loopback that takes connections while the test runs.
  std::string Listen() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    listener_.Reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_.get(), 4), 0);
    EXPECT_EQ(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return std::to_string(ntohs(address.sin_port));
  }

  Finding Run(const std::string& address) {
    return TcpCheck({.name = "db", .settings = {}, .address = address}, processes_).Run({});
  }

  void Resolves(const std::string& host, const std::string& answer) {
    processes_.Script({"getent", "ahosts", host}, ProcessOutcome{0, answer});
  }

  UniqueFd listener_;
  fakes::FakeProcessRunner processes_;
};

TEST_F(TcpCheckTest, AnAddressNeedsNoLookingUp) {
  const std::string port = Listen();
  EXPECT_TRUE(Run("127.0.0.1:" + port).passed);
  EXPECT_EQ(Run("127.0.0.1:" + port).output, "127.0.0.1:" + port + " takes connections");
  listener_.Reset(-1);
  EXPECT_FALSE(Run("127.0.0.1:" + port).passed);
  EXPECT_THAT(Run("127.0.0.1:" + port).output, HasSubstr("Connection refused"));
  EXPECT_THAT(processes_.runs(), IsEmpty());
}

TEST_F(TcpCheckTest, OneAddressOfANameIsEnough) {
  const std::string port = Listen();
  Resolves("db.internal",
           "127.0.0.2       STREAM db.internal\n127.0.0.2       DGRAM\n127.0.0.1       STREAM\n");
  EXPECT_TRUE(Run("db.internal:" + port).passed);
  Resolves("gone.internal", "127.0.0.2       STREAM gone.internal\n");
  EXPECT_FALSE(Run("gone.internal:" + port).passed);
}

TEST_F(TcpCheckTest, ANameThatNobodyKnowsFails) {
  processes_.Script({"getent", "ahosts", "db.internal"}, ProcessOutcome{2, ""});
  EXPECT_EQ(Run("db.internal:5432").output, "db.internal:5432: getent exited with 2");
  Resolves("odd.internal", "not an address\n");
  EXPECT_EQ(Run("odd.internal:5432").output, "odd.internal:5432: odd.internal has no address");
}

TEST_F(TcpCheckTest, ANameIsReallyLookedUp) {
  const std::string port = Listen();
  SystemProcessRunner processes;
  TcpCheck check({.name = "db", .settings = {}, .address = "localhost:" + port}, processes);
  EXPECT_EQ(check.Run({}).output, "localhost:" + port + " takes connections");
}

class HttpCheckTest : public testing::Test {
 protected:
  HttpCheckTest() { check_.url = "http://shop/health"; }

  Finding Run() {
    auto client = std::make_unique<fakes::FakeHttpClient>();
    if (status_ == 200) {
      client->Put(check_.url, Bytes(body_));
    } else {
      client->PutStatus(check_.url, status_, Bytes(body_));
    }
    for (const fakes::HttpMishap& mishap : mishaps_) client->AddMishap(mishap);
    const fakes::FakeHttpClient& seen = *client;
    HttpCheck check(check_, std::move(client));
    const Finding finding = check.Run({});
    limit_ = seen.requests().at(0).deadline;
    return finding;
  }

  config::HttpCheck check_{.name = "shop", .settings = {}, .url = {}};
  int status_ = 200;
  std::string body_ = "version: 17\nall is well\n";
  std::vector<fakes::HttpMishap> mishaps_;
  std::chrono::milliseconds limit_{0};
};

TEST_F(HttpCheckTest, AStatusIsExpected) {
  EXPECT_TRUE(Run().passed);
  EXPECT_EQ(Run().output, "answers 200");
  status_ = 503;
  body_ = "database\ngone";
  EXPECT_FALSE(Run().passed);
  EXPECT_EQ(Run().output, "answers 503: \"database?gone\"");
  check_.status = {200, 503};
  EXPECT_TRUE(Run().passed);
}

TEST_F(HttpCheckTest, ABodyMayHaveToHoldAText) {
  check_.contains = "all is well";
  EXPECT_TRUE(Run().passed);
  body_ = "starting";
  EXPECT_EQ(Run().output, "answers 200 without 'all is well': \"starting\"");
}

TEST_F(HttpCheckTest, ABodyMayHaveToMatch) {
  check_.matches = "version: [0-9]+";
  EXPECT_TRUE(Run().passed);
  body_ = "";
  EXPECT_FALSE(Run().passed);
  EXPECT_EQ(Run().output, "answers 200 without a match of 'version: [0-9]+'");
}

TEST_F(HttpCheckTest, OfALongAnswerTheStartIsLookedAt) {
  body_ = "all is well" + std::string(1 << 20, 'x') + "late";
  check_.contains = "all is well";
  EXPECT_TRUE(Run().passed);
  check_.contains = "late";
  EXPECT_FALSE(Run().passed);
  mishaps_ = {{.endless = true}};
  check_.contains = "all is well";
  EXPECT_TRUE(Run().passed);
}

TEST_F(HttpCheckTest, NoAnswerFails) {
  mishaps_ = {{.fails = Error{ErrorCode::kUnavailable, "http://shop/health: Connection refused"}}};
  EXPECT_EQ(Run().output, "http://shop/health: Connection refused");
  mishaps_ = {{.cut_after = 3}};
  EXPECT_FALSE(Run().passed) << "half an answer";
}

TEST_F(HttpCheckTest, ATryHasALimit) {
  Run();
  EXPECT_EQ(limit_, std::chrono::seconds(10));
  check_.settings.timeout = std::chrono::seconds(3);
  Run();
  EXPECT_EQ(limit_, std::chrono::seconds(3));
}

}  // namespace
}  // namespace matic::health

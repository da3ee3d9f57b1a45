#include "agent/health/api_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "lib/base/unique_fd.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::health {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

constexpr std::string_view kSettings("\x00\x00\x00\x04\x00\x00\x00\x00\x00", 9);

class ApiCheckTest : public testing::Test {
 protected:
  ApiCheckTest() { path_ = folder_ / "agent.sock"; }
  ~ApiCheckTest() override {
    shutdown(unix_.get(), SHUT_RDWR);
    if (server_.joinable()) server_.join();
  }

  void ListenOnUnixSocket() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.native().size());
    unix_.Reset(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(bind(unix_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    ASSERT_EQ(listen(unix_.get(), 4), 0);
  }

  // Takes connections, and answers what it is sent with `answer`.
  void Serve(std::string_view answer) {
    ListenOnUnixSocket();
    server_ = std::jthread([this, answer] {
      for (;;) {
        const UniqueFd peer(accept(unix_.get(), nullptr, nullptr));
        if (!peer.valid()) return;
        char request[64];
        if (recv(peer.get(), request, sizeof(request), 0) > 0) {
          send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
        }
      }
    });
  }

  // A port of the loopback that takes connections; returns ADDRESS:PORT.
  std::string ListenOnTcp(const char* shown) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    tcp_.Reset(socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_EQ(bind(tcp_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(tcp_.get(), 4), 0);
    EXPECT_EQ(getsockname(tcp_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return std::string(shown) + ":" + std::to_string(ntohs(address.sin_port));
  }

  Finding Run(const std::string& listen, std::stop_token stop = {}) {
    config::Api api;
    api.socket = path_;
    api.listen = listen;
    return ApiCheck(config::ApiCheck{}, api).Run(std::move(stop));
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  std::filesystem::path path_;
  UniqueFd unix_;
  UniqueFd tcp_;
  std::jthread server_;
};

TEST_F(ApiCheckTest, PassesWhereTheSocketSpeaksHttp2) {
  Serve(kSettings);
  const Finding finding = Run("");
  EXPECT_TRUE(finding.passed) << finding.output;
  EXPECT_EQ(finding.output, path_.string() + " answers");
}

TEST_F(ApiCheckTest, PassesWhereThePortTakesConnectionsToo) {
  Serve(kSettings);
  for (const char* shown : {"127.0.0.1", "0.0.0.0", "localhost"}) {
    const Finding finding = Run(ListenOnTcp(shown));
    EXPECT_TRUE(finding.passed) << finding.output;
    EXPECT_THAT(finding.output, EndsWith(" answers"));
    EXPECT_THAT(finding.output, HasSubstr("port "));
  }
}

TEST_F(ApiCheckTest, FailsWithoutASocket) {
  const Finding finding = Run("");
  EXPECT_FALSE(finding.passed);
  EXPECT_THAT(finding.output, HasSubstr("agent.sock: connect: No such file"));
}

TEST_F(ApiCheckTest, FailsWhereNobodyListensOnThePort) {
  Serve(kSettings);
  const std::string listen = ListenOnTcp("127.0.0.1");
  tcp_.Reset(-1);
  const Finding finding = Run(listen);
  EXPECT_FALSE(finding.passed);
  EXPECT_THAT(finding.output, HasSubstr("Connection refused"));
}

TEST_F(ApiCheckTest, FailsWhereSomethingElseAnswers) {
  Serve("HTTP/1.1 400 Bad Request\r\n");
  const Finding finding = Run("");
  EXPECT_FALSE(finding.passed);
  EXPECT_THAT(finding.output, HasSubstr("not HTTP/2"));
}

TEST_F(ApiCheckTest, FailsWhereTheServerHangsUp) {
  Serve("");
  const Finding finding = Run("");
  EXPECT_FALSE(finding.passed);
}

TEST_F(ApiCheckTest, AProcessThatHangsIsNotAnAnswer) {
  ListenOnUnixSocket();
  const auto started = std::chrono::steady_clock::now();
  const Finding finding = Run("");
  EXPECT_FALSE(finding.passed);
  EXPECT_THAT(finding.output, HasSubstr("no answer"));
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(10));
}

TEST_F(ApiCheckTest, EndsWhenStopped) {
  ListenOnUnixSocket();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(Run("", stop.get_token()).output, HasSubstr("stopped"));
}

TEST_F(ApiCheckTest, APathTooLongForASocketIsTold) {
  path_ = folder_ / std::string(200, 'x');
  EXPECT_THAT(Run("").output, HasSubstr("too long"));
}

}  // namespace
}  // namespace matic::health

// The node's own certificates: missing, broken, renewed, ending.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "tests/unit/agent/api/served.h"

namespace matic::api {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

TEST_F(TlsServerTest, WithoutCertificatesTheSocketServesAndSaysWhy) {
  fs::remove_all(options_.pki_dirs[0]);
  Start();
  EXPECT_EQ(server_->tcp_port(), 0);
  v1::GetStatusResponse response;
  const auto stub = Local();
  ASSERT_TRUE(GetStatus(*stub, response).ok());
  ASSERT_EQ(response.problems_size(), 1);
  EXPECT_THAT(response.problems(0),
              HasSubstr("TCP is not served at 127.0.0.1:0: no server.pem in"));
}

TEST_F(TlsServerTest, TheFactorysCertificatesServeOnlyWhereThereAreNoOthers) {
  fs::rename(options_.pki_dirs[0], options_.pki_dirs[1]);
  Start();
  EXPECT_NE(server_->tcp_port(), 0);
  server_.reset();
  fs::create_directories(options_.pki_dirs[0]);
  std::ofstream(options_.pki_dirs[0] / "server.pem") << "damaged";
  Start();
  EXPECT_EQ(server_->tcp_port(), 0);
}

TEST_F(TlsServerTest, ATakenPortIsAProblemAndNotTheEnd) {
  Start();
  const uint16_t taken = server_->tcp_port();
  engine::FakeEngine second_engine;
  ApiOptions second = options_;
  second.socket = folder_ / "second.sock";
  second.listen = "127.0.0.1:" + std::to_string(taken);
  auto other = Server::Start(second, second_engine);
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ((*other)->tcp_port(), 0);
}

TEST_F(TlsServerTest, RenewedCertificatesAreTakenWithoutARestart) {
  options_.pki_check_interval = 50ms;
  Start();
  const rpc::KeyPair old_authority = authority_;
  authority_ = *rpc::MakeAuthority("renewed authority", std::chrono::system_clock::now());
  const auto renewed = rpc::IssueLeaf(authority_, {"node", std::nullopt, {"127.0.0.1"}},
                                      std::chrono::system_clock::now());
  ASSERT_TRUE(
      rpc::WriteLeaf(options_.pki_dirs[0], authority_.certificate_pem, *renewed, true, true));
  v1::GetStatusResponse response;
  grpc::Status status;
  for (int i = 0; i < 100; ++i) {
    status = GetStatus(*Remote(rpc::Role::kReader, authority_), response);
    if (status.ok()) break;
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_FALSE(Reboot(*Remote(rpc::Role::kAdmin, old_authority)).ok());
}

TEST_F(TlsServerTest, BrokenNewFilesLeaveTheOldOnesServing) {
  options_.pki_check_interval = 50ms;
  Start();
  std::ofstream(options_.pki_dirs[0] / "server.key") << "half a key";
  const auto local = Local();
  v1::GetStatusResponse response;
  for (int i = 0; i < 100 && response.problems().empty(); ++i) {
    std::this_thread::sleep_for(50ms);
    ASSERT_TRUE(GetStatus(*local, response).ok());
  }
  ASSERT_EQ(response.problems_size(), 1);
  EXPECT_THAT(response.problems(0), HasSubstr("the certificates in use stay"));
  EXPECT_TRUE(GetStatus(*Remote(rpc::Role::kReader, authority_), response).ok());
}

TEST_F(TlsServerTest, ACertificateThatEndsSoonIsAProblem) {
  const auto short_lived =
      rpc::IssueLeaf(authority_, {"node", std::nullopt, {"127.0.0.1"}, rpc::Days(7)},
                     std::chrono::system_clock::now());
  ASSERT_TRUE(
      rpc::WriteLeaf(options_.pki_dirs[0], authority_.certificate_pem, *short_lived, true, true));
  Start();
  v1::GetStatusResponse response;
  const auto stub = Local();
  ASSERT_TRUE(GetStatus(*stub, response).ok());
  ASSERT_EQ(response.problems_size(), 1);
  EXPECT_THAT(response.problems(0), HasSubstr("the server's certificate expires at"));
}

}  // namespace
}  // namespace matic::api

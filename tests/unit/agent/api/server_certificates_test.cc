// The node's own certificates: missing, broken, renewed, ending.
#include "agent/api/server_certificates.h"

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

TEST_F(TlsServerTest, FilesThatOthersCanChangeAreNotServedWith) {
  for (const char* name : {"ca.pem", "server.pem", "server.key"}) {
    const fs::path file = options_.pki_dirs[0] / name;
    const fs::perms before = fs::status(file).permissions();
    fs::permissions(file, fs::perms::others_write, fs::perm_options::add);
    const auto files = rpc::LoadServerFiles(options_.pki_dirs);
    ASSERT_FALSE(files) << name;
    EXPECT_EQ(files.error().code, ErrorCode::kPermission);
    EXPECT_EQ(files.error().message, file.string() +
                                         " can be changed by others than root: chown root and "
                                         "chmod go-w it");
    fs::permissions(file, before);
  }
  EXPECT_TRUE(rpc::LoadServerFiles(options_.pki_dirs));
  fs::permissions(options_.pki_dirs[0], fs::perms::others_write, fs::perm_options::add);
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

TEST_F(TlsServerTest, AKeyThatEverybodyMayReadIsAProblem) {
  const fs::path key = options_.pki_dirs[0] / "server.key";
  fs::permissions(key, fs::perms::others_read, fs::perm_options::add);
  Start();
  EXPECT_NE(server_->tcp_port(), 0);
  v1::GetStatusResponse response;
  const auto stub = Local();
  ASSERT_TRUE(GetStatus(*stub, response).ok());
  ASSERT_EQ(response.problems_size(), 1);
  EXPECT_THAT(response.problems(0), HasSubstr("server.key may be read by everybody"));
  fs::permissions(key, fs::perms::owner_read);
  ASSERT_TRUE(GetStatus(*stub, response).ok());
  EXPECT_EQ(response.problems_size(), 0);
}

TEST_F(TlsServerTest, ARevocationIsTakenWithoutARestart) {
  options_.pki_check_interval = 50ms;
  Start();
  const auto leaf = rpc::IssueLeaf(authority_, {"alice", rpc::Role::kReader, {}},
                                   std::chrono::system_clock::now());
  v1::GetStatusResponse response;
  ASSERT_TRUE(GetStatus(*Remote(*leaf), response).ok());
  Revoke(*leaf);
  grpc::Status status;
  for (int i = 0; i < 100 && status.error_code() != grpc::StatusCode::PERMISSION_DENIED; ++i) {
    std::this_thread::sleep_for(50ms);
    status = GetStatus(*Remote(*leaf), response);
  }
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED) << status.error_message();
}

TEST_F(TlsServerTest, ARevocationOutlivesItsFileTheFolderAndTheAgent) {
  options_.pki_check_interval = 50ms;
  options_.revocation_file = folder_ / "revoked.pem";
  const auto leaf = rpc::IssueLeaf(authority_, {"alice", rpc::Role::kReader, {}},
                                   std::chrono::system_clock::now());
  // Not while the port changes hands.
  const auto answer = [&] {
    grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE;
    v1::GetStatusResponse ignored;
    for (int i = 0; i < 100 && code == grpc::StatusCode::UNAVAILABLE; ++i) {
      if (i > 0) std::this_thread::sleep_for(50ms);
      code = GetStatus(*Remote(*leaf), ignored).error_code();
    }
    return code;
  };
  Revoke(*leaf);
  Start();
  const auto local = Local();
  v1::GetStatusResponse response;
  ASSERT_TRUE(GetStatus(*local, response).ok());
  EXPECT_EQ(response.problems_size(), 0);

  // The certificates of the factory are of the same authority, and came without a list.
  fs::remove(options_.pki_dirs[0] / "crl.pem");
  fs::rename(options_.pki_dirs[0], options_.pki_dirs[1]);
  for (int i = 0; i < 100 && response.problems().empty(); ++i) {
    std::this_thread::sleep_for(50ms);
    ASSERT_TRUE(GetStatus(*local, response).ok());
  }
  ASSERT_EQ(response.problems_size(), 1);
  EXPECT_THAT(response.problems(0), HasSubstr("is missing; the one of "));
  EXPECT_EQ(answer(), grpc::StatusCode::PERMISSION_DENIED);

  server_.reset();
  Start();
  EXPECT_EQ(answer(), grpc::StatusCode::PERMISSION_DENIED);
  ASSERT_TRUE(GetStatus(*Remote(rpc::Role::kReader, authority_), response).ok());
  EXPECT_EQ(response.problems_size(), 1);
}

TEST_F(TlsServerTest, ABrokenRevocationListServesNobodyOverTcp) {
  std::ofstream(options_.pki_dirs[0] / "crl.pem") << "half a list";
  Start();
  EXPECT_EQ(server_->tcp_port(), 0);
  v1::GetStatusResponse response;
  const auto stub = Local();
  ASSERT_TRUE(GetStatus(*stub, response).ok());
  ASSERT_EQ(response.problems_size(), 1);
  EXPECT_THAT(response.problems(0), HasSubstr("crl.pem: not a PEM revocation list"));
}

TEST(EndingProblems, NamesWhatEndsSoonAndWhatHasEnded) {
  const WallTime now = std::chrono::system_clock::now();
  const auto authority = rpc::MakeAuthority("test authority", now - rpc::Days(100));
  const auto list = rpc::MakeRevocationList(*authority, {}, now - rpc::Days(2), rpc::Days(1));
  rpc::TlsFiles files;
  files.certificate.not_after = now + rpc::Days(31);
  files.ca_not_after = now + rpc::Days(31);
  EXPECT_THAT(EndingProblems(files, now), testing::IsEmpty());
  files.certificate.not_after = now + rpc::Days(29);
  files.ca_not_after = now - rpc::Days(1);
  files.revoked = *rpc::RevocationList::Parse(*list, authority->certificate_pem);
  EXPECT_THAT(EndingProblems(files, now),
              testing::ElementsAre(
                  HasSubstr("the server's certificate expires at "),
                  HasSubstr("the certificate of the authority (ca.pem) expired at "),
                  HasSubstr("the revocation list (crl.pem) should have been replaced by ")));
}

}  // namespace
}  // namespace matic::api

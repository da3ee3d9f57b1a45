// Who may call over TCP, and what.
#include "agent/api/remote_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "lib/os/line_log.h"
#include "tests/unit/agent/api/served.h"

namespace matic::api {
namespace {

using testing::HasSubstr;

TEST_F(TlsServerTest, AnOperatorMayChangeThings) {
  Start();
  ASSERT_NE(server_->tcp_port(), 0);
  const auto stub = Remote(rpc::Role::kOperator, authority_);
  const grpc::Status status = Reboot(*stub);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(engine_.requests().size(), 1u);
  EXPECT_EQ(engine_.requests()[0].caller, "operator alice (127.0.0.1)");
}

TEST_F(TlsServerTest, AReaderMayReadAndChangesNothing) {
  Start();
  const auto stub = Remote(rpc::Role::kReader, authority_);
  v1::GetStatusResponse response;
  ASSERT_TRUE(GetStatus(*stub, response).ok());
  EXPECT_EQ(response.node_name(), "edge-7");
  EXPECT_GT(response.certificate_expiry().seconds(), std::time(nullptr));
  EXPECT_TRUE(response.problems().empty());

  const auto denied = [&](auto method, auto request, auto response_message) {
    grpc::ClientContext context;
    const grpc::Status status = ((*stub).*method)(&context, request, &response_message);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED) << status.error_message();
  };
  denied(&v1::Node::Stub::ScheduleUpdate, v1::ScheduleUpdateRequest(),
         v1::ScheduleUpdateResponse());
  denied(&v1::Node::Stub::ActivateUpdate, v1::ActivateUpdateRequest(),
         v1::ActivateUpdateResponse());
  denied(&v1::Node::Stub::CancelSchedule, v1::CancelScheduleRequest(),
         v1::CancelScheduleResponse());
  denied(&v1::Node::Stub::TriggerRollback, v1::TriggerRollbackRequest(),
         v1::TriggerRollbackResponse());
  denied(&v1::Node::Stub::Reboot, v1::RebootRequest(), v1::RebootResponse());
  EXPECT_TRUE(engine_.requests().empty());
}

TEST_F(TlsServerTest, ACertificateOfAnotherAuthorityIsRefused) {
  Start();
  const auto other = rpc::MakeAuthority("test authority", std::chrono::system_clock::now());
  EXPECT_EQ(Reboot(*Remote(rpc::Role::kAdmin, *other)).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(engine_.requests().empty());
}

TEST_F(TlsServerTest, NoCertificateIsRefused) {
  Start();
  EXPECT_EQ(Reboot(*Remote(rpc::KeyPair{})).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(engine_.requests().empty());
}

TEST_F(TlsServerTest, AServersCertificateIsNobodysIdentity) {
  Start();
  const auto server = rpc::IssueLeaf(authority_, {"node", std::nullopt, {"127.0.0.1"}},
                                     std::chrono::system_clock::now());
  EXPECT_FALSE(Reboot(*Remote(*server)).ok());
  EXPECT_TRUE(engine_.requests().empty());
}

TEST_F(TlsServerTest, AnExpiredCertificateIsRefused) {
  Start();
  const auto old = rpc::IssueLeaf(authority_, {"alice", rpc::Role::kAdmin, {}, rpc::Days(1)},
                                  std::chrono::system_clock::now() - rpc::Days(3));
  ASSERT_TRUE(old);
  EXPECT_FALSE(Reboot(*Remote(*old)).ok());
  EXPECT_TRUE(engine_.requests().empty());
}

TEST_F(TlsServerTest, ARevokedCertificateMayDoNothing) {
  const auto leaf = rpc::IssueLeaf(authority_, {"alice", rpc::Role::kAdmin, {}},
                                   std::chrono::system_clock::now());
  Revoke(*leaf);
  Start();
  v1::GetStatusResponse response;
  const grpc::Status denied = GetStatus(*Remote(*leaf), response);
  EXPECT_EQ(denied.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(denied.error_message(), HasSubstr("alice (127.0.0.1): the certificate "));
  EXPECT_THAT(denied.error_message(), HasSubstr(" was revoked at "));
  EXPECT_FALSE(Reboot(*Remote(*leaf)).ok());
  EXPECT_TRUE(engine_.requests().empty());
  EXPECT_TRUE(Reboot(*Remote(rpc::Role::kAdmin, authority_)).ok()) << "of the same name";
}

TEST_F(TlsServerTest, WhatACallerProvesIsLookedAtForEveryCall) {
  const auto leaf = rpc::IssueLeaf(authority_, {"alice", rpc::Role::kAdmin, {}, rpc::Days(10)},
                                   std::chrono::system_clock::now());
  const auto at = [&](rpc::Days days) {
    return IdentifyCertificate(leaf->certificate_pem, "ipv4:10.0.2.2:4242", {},
                               std::chrono::system_clock::now() + days);
  };
  const Identity now = at(rpc::Days(0));
  EXPECT_EQ(now.role, rpc::Role::kAdmin);
  EXPECT_EQ(now.description, "admin alice (10.0.2.2)");
  EXPECT_EQ(now.name, "alice");
  EXPECT_EQ(now.from, "10.0.2.2");
  EXPECT_EQ(now.certificate, rpc::ParseCertificate(leaf->certificate_pem)->serial);
  const Identity later = at(rpc::Days(11));
  EXPECT_EQ(later.role, std::nullopt);
  EXPECT_THAT(later.why_no_role, HasSubstr("expired at"));
}

TEST_F(TlsServerTest, EveryPrivilegedCallIsAudited) {
  options_.audit_file = folder_ / "audit.jsonl";
  Start();
  EXPECT_TRUE(Reboot(*Remote(rpc::Role::kOperator, authority_)).ok());
  EXPECT_FALSE(Reboot(*Remote(rpc::Role::kReader, authority_)).ok());
  const auto lines = LineLog(options_.audit_file, 1u << 20).Read();
  ASSERT_EQ(lines->size(), 2u);
  EXPECT_THAT((*lines)[0], HasSubstr(R"("method":"Reboot","who":"alice","role":"operator","from":)"
                                     R"("127.0.0.1","certificate":")"));
  EXPECT_THAT((*lines)[0], HasSubstr(R"("result":"done")"));
  EXPECT_THAT((*lines)[1], HasSubstr(R"("role":"reader")"));
  EXPECT_THAT((*lines)[1], HasSubstr(R"("result":"permission")"));
}

}  // namespace
}  // namespace matic::api

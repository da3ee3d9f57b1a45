// The server as its callers meet it: over its unix socket, and over mutual TLS on the loopback.
#pragma once

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "agent/api/server.h"
#include "lib/os/durable_file.h"
#include "lib/rpc/channel.h"
#include "lib/rpc/pki.h"
#include "lib/rpc/revocation_list.h"
#include "lib/rpc/status.h"
#include "lib/rpc/tls_files.h"
#include "matic/v1/node.grpc.pb.h"
#include "tests/fakes/engine/fake_engine.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::api {

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    options_.socket = folder_ / "run/agent.sock";
    options_.socket_group = "";
    options_.pki_dirs = {folder_ / "pki", folder_ / "factory"};
  }
  ~ServerTest() override { server_.reset(); }

  void Start() {
    auto server = Server::Start(options_, engine_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
  }

  std::unique_ptr<v1::Node::Stub> Local() {
    auto channel = rpc::OpenUnixChannel(options_.socket);
    EXPECT_TRUE(channel) << channel.error().message;
    return v1::Node::NewStub(*channel);
  }

  std::string Schedule() {
    engine::ScheduleRequest request;
    request.source = "https://h/os";
    request.sha256 = std::string(64, 'a');
    return engine_.ScheduleUpdate(request, {})->id;
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  ApiOptions options_;
  engine::FakeEngine engine_;
  std::unique_ptr<Server> server_;
};

template <typename Call>
Error ErrorOf(Call call) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  const grpc::Status status = call(context);
  EXPECT_FALSE(status.ok());
  return rpc::FromStatus(status, context);
}

class TlsServerTest : public ServerTest {
 protected:
  TlsServerTest() {
    options_.listen = "127.0.0.1:0";
    authority_ = *rpc::MakeAuthority("test authority", std::chrono::system_clock::now());
    const auto server = rpc::IssueLeaf(authority_, {"node", std::nullopt, {"127.0.0.1"}},
                                       std::chrono::system_clock::now());
    EXPECT_TRUE(
        rpc::WriteLeaf(options_.pki_dirs[0], authority_.certificate_pem, *server, true, false));
  }

  // Of `issuer`, trusting the node's authority.
  std::unique_ptr<v1::Node::Stub> Remote(rpc::Role role, const rpc::KeyPair& issuer) {
    const auto leaf = rpc::IssueLeaf(issuer, {"alice", role, {}}, std::chrono::system_clock::now());
    return Remote(*leaf);
  }

  std::unique_ptr<v1::Node::Stub> Remote(const rpc::KeyPair& leaf) {
    rpc::TlsFiles files;
    files.ca_pem = authority_.certificate_pem;
    files.certificate_pem = leaf.certificate_pem;
    files.key_pem = leaf.key_pem;
    return v1::Node::NewStub(rpc::OpenTlsChannel({"127.0.0.1", server_->tcp_port()}, files));
  }

  // From the server's next start on, or its next look at its files.
  void Revoke(const rpc::KeyPair& leaf) {
    const WallTime now = std::chrono::system_clock::now();
    const rpc::Revocation entry{rpc::ParseCertificate(leaf.certificate_pem)->serial, now};
    const auto list =
        rpc::MakeRevocationList(authority_, std::span(&entry, 1), now, rpc::Days(365));
    EXPECT_TRUE(WriteFileDurably(options_.pki_dirs[0] / rpc::kRevocationListFile, *list));
  }

  grpc::Status Reboot(v1::Node::Stub& stub) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    v1::RebootRequest request;
    request.set_reason("test");
    v1::RebootResponse response;
    return stub.Reboot(&context, request, &response);
  }

  grpc::Status GetStatus(v1::Node::Stub& stub, v1::GetStatusResponse& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    return stub.GetStatus(&context, {}, &response);
  }

  rpc::KeyPair authority_;
};

}  // namespace matic::api

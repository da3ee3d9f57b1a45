// The server as its callers meet it: over its unix socket, and over mutual TLS on the loopback.
#include "agent/api/server.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>
#include <thread>

#include "lib/base/unique_fd.h"
#include "lib/rpc/channel.h"
#include "lib/rpc/pki.h"
#include "lib/rpc/status.h"
#include "matic/v1/node.grpc.pb.h"
#include "tests/fakes/engine/fake_engine.h"

namespace matic::api {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    std::string name = testing::TempDir() + "api-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    options_.socket = folder_ / "run/agent.sock";
    options_.socket_group = "";
    options_.pki_dirs = {folder_ / "pki", folder_ / "factory"};
  }
  ~ServerTest() override {
    server_.reset();
    fs::remove_all(folder_);
  }

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

  fs::path folder_;
  ApiOptions options_;
  engine::FakeEngine engine_;
  std::unique_ptr<Server> server_;
};

template <typename Call>
Error ErrorOf(Call call) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 10s);
  const grpc::Status status = call(context);
  EXPECT_FALSE(status.ok());
  return rpc::FromStatus(status, context);
}

TEST_F(ServerTest, SchedulesAnUpdateForTheLocalAdmin) {
  Start();
  grpc::ClientContext context;
  v1::ScheduleUpdateRequest request;
  request.set_source("https://bob:secret@cdn.example.com/os-2.0.squashfs");
  request.set_sha256(std::string(64, 'A'));
  v1::ScheduleUpdateResponse response;
  const grpc::Status status = Local()->ScheduleUpdate(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.schedule().id(), "sched-20260127-001");
  EXPECT_EQ(response.schedule().state(), v1::SCHEDULE_STATE_PENDING);
  EXPECT_EQ(response.schedule().source(), "https://***@cdn.example.com/os-2.0.squashfs");
  EXPECT_THAT(response.schedule().requested_by(),
              HasSubstr("(uid " + std::to_string(::getuid()) + ", unix socket)"));
  const auto kept = engine_.GetSchedule("sched-20260127-001");
  EXPECT_EQ(kept->request.source, "https://bob:secret@cdn.example.com/os-2.0.squashfs");
  EXPECT_EQ(kept->request.sha256, std::string(64, 'a'));
}

TEST_F(ServerTest, ErrorsArriveAsTheEngineGaveThem) {
  Start();
  const Error unknown = ErrorOf([&](grpc::ClientContext& context) {
    v1::GetScheduleStatusRequest request;
    request.set_schedule_id("sched-20260127-009");
    v1::GetScheduleStatusResponse response;
    return Local()->GetScheduleStatus(&context, request, &response);
  });
  EXPECT_EQ(unknown.code, ErrorCode::kNotFound);
  EXPECT_EQ(unknown.message, "there is no schedule 'sched-20260127-009'");

  Schedule();
  const Error second = ErrorOf([&](grpc::ClientContext& context) {
    v1::ScheduleUpdateRequest request;
    request.set_source("https://h/os");
    request.set_sha256(std::string(64, 'a'));
    v1::ScheduleUpdateResponse response;
    return Local()->ScheduleUpdate(&context, request, &response);
  });
  EXPECT_EQ(second.code, ErrorCode::kRefused);

  const Error invalid = ErrorOf([&](grpc::ClientContext& context) {
    v1::ScheduleUpdateResponse response;
    return Local()->ScheduleUpdate(&context, {}, &response);
  });
  EXPECT_EQ(invalid.code, ErrorCode::kInvalidArgument);
}

TEST_F(ServerTest, SocketIsForItsGroupAndIsRemovedAtTheEnd) {
  Start();
  struct stat info {};
  ASSERT_EQ(::stat(options_.socket.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660u);
  server_->Shutdown();
  EXPECT_FALSE(fs::exists(options_.socket));
}

TEST_F(ServerTest, ReplacesAStaleSocketButNotALiveOneNorAFile) {
  fs::create_directories(options_.socket.parent_path());
  {
    UniqueFd stale(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    options_.socket.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(::bind(stale.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  Start();
  const auto second = Server::Start(options_, engine_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kRefused);
  EXPECT_THAT(second.error().message, HasSubstr("another agent answers at"));

  server_.reset();
  std::ofstream(options_.socket) << "somebody's file";
  const auto blocked = Server::Start(options_, engine_);
  ASSERT_FALSE(blocked);
  EXPECT_EQ(blocked.error().code, ErrorCode::kRefused);
  EXPECT_TRUE(fs::is_regular_file(options_.socket));
}

TEST_F(ServerTest, AGroupThatIsMissingClosesTheSocketToGroups) {
  options_.socket_group = "no-such-group";
  Start();
  grpc::ClientContext context;
  v1::GetStatusResponse response;
  EXPECT_TRUE(Local()->GetStatus(&context, {}, &response).ok());
}

TEST_F(ServerTest, ARequestLargerThanAMebibyteIsRefused) {
  Start();
  auto channel = rpc::OpenUnixChannel(options_.socket);
  const auto stub = v1::Node::NewStub(*channel);
  grpc::ClientContext context;
  v1::RebootRequest request;
  request.set_reason(std::string(rpc::kMaxMessageBytes + 1, 'x'));
  v1::RebootResponse response;
  EXPECT_EQ(stub->Reboot(&context, request, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(engine_.requests().empty());
}

TEST_F(ServerTest, AWatchTellsEveryPhaseAndEndsWithTheFinalState) {
  Start();
  const std::string id = Schedule();
  const auto stub = Local();
  grpc::ClientContext context;
  auto reader = stub->WatchSchedule(&context, {});
  v1::WatchScheduleResponse message;
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.schedule().id(), id);
  EXPECT_EQ(message.schedule().state(), v1::SCHEDULE_STATE_PENDING);

  engine_.Advance(id, [](engine::Schedule& s) {
    s.state = engine::ScheduleState::kInProgress;
    s.phase = engine::Phase::kFetching;
  });
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.schedule().phase(), v1::PHASE_FETCHING);

  engine_.Advance(id, [](engine::Schedule& s) {
    s.state = engine::ScheduleState::kFailed;
    s.phase = engine::Phase::kNone;
    s.reason = "sha256 does not match \xff";
  });
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.schedule().state(), v1::SCHEDULE_STATE_FAILED);
  EXPECT_EQ(message.schedule().reason(), "sha256 does not match \uFFFD");
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(ServerTest, AWatchSaysAtMostFourThingsASecond) {
  Start();
  const std::string id = Schedule();
  const auto stub = Local();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 1100ms);
  std::jthread busy([&](const std::stop_token& stop) {
    for (uint64_t i = 0; !stop.stop_requested(); ++i) {
      engine_.Advance(id, [i](engine::Schedule& s) { s.progress.bytes_done = i; });
      std::this_thread::sleep_for(5ms);
    }
  });
  auto reader = stub->WatchSchedule(&context, {});
  v1::WatchScheduleResponse message;
  int messages = 0;
  while (reader->Read(&message)) ++messages;
  EXPECT_GE(messages, 2);
  EXPECT_LE(messages, 5);
  EXPECT_EQ(engine_.GetSchedule(id)->state, engine::ScheduleState::kPending);  // nothing cancelled
}

TEST_F(ServerTest, ShutsDownWhileSomebodyWatches) {
  Start();
  Schedule();
  const auto stub = Local();
  grpc::ClientContext context;
  auto reader = stub->WatchSchedule(&context, {});
  v1::WatchScheduleResponse message;
  ASSERT_TRUE(reader->Read(&message));
  const auto begin = std::chrono::steady_clock::now();
  std::thread shutdown([&] { server_->Shutdown(); });
  while (reader->Read(&message)) {
  }
  const grpc::Status status = reader->Finish();
  shutdown.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_EQ(rpc::FromStatus(status, context).code, ErrorCode::kUnavailable);
}

TEST_F(ServerTest, TheSeventeenthWatcherIsToldToComeBack) {
  Start();
  Schedule();
  struct Watcher {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::WatchScheduleResponse>> reader;
  };
  const auto stub = Local();
  std::vector<std::unique_ptr<Watcher>> watchers;
  v1::WatchScheduleResponse message;
  for (int i = 0; i < 16; ++i) {
    watchers.push_back(std::make_unique<Watcher>());
    watchers.back()->reader = stub->WatchSchedule(&watchers.back()->context, {});
    ASSERT_TRUE(watchers.back()->reader->Read(&message)) << i;
  }
  grpc::ClientContext context;
  auto reader = stub->WatchSchedule(&context, {});
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  // The rest of the API is not starved by them.
  grpc::ClientContext status_context;
  v1::GetStatusResponse status;
  EXPECT_TRUE(stub->GetStatus(&status_context, {}, &status).ok());
  for (auto& watcher : watchers) watcher->context.TryCancel();
}

TEST_F(ServerTest, HealthServiceAnswers) {
  Start();
  auto channel = rpc::OpenUnixChannel(options_.socket);
  grpc::GenericStub stub(*channel);
  grpc::ClientContext context;
  const grpc::Slice whole_server;  // HealthCheckRequest{service: ""}
  const grpc::ByteBuffer request(&whole_server, 1);
  grpc::ByteBuffer response;
  grpc::CompletionQueue queue;
  auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
  call->StartCall();
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_TRUE(status.ok()) << status.error_message();
  grpc::Slice slice;
  ASSERT_TRUE(response.DumpToSingleSlice(&slice).ok());
  // HealthCheckResponse{status: SERVING}.
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(slice.begin()), slice.size()), "\x08\x01");
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

  grpc::Status Reboot(v1::Node::Stub& stub) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 10s);
    v1::RebootRequest request;
    request.set_reason("test");
    v1::RebootResponse response;
    return stub.Reboot(&context, request, &response);
  }

  grpc::Status GetStatus(v1::Node::Stub& stub, v1::GetStatusResponse& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 10s);
    return stub.GetStatus(&context, {}, &response);
  }

  rpc::KeyPair authority_;
};

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

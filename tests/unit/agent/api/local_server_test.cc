#include "agent/api/local_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>

#include "lib/base/unique_fd.h"
#include "tests/unit/agent/api/served.h"

namespace matic::api {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

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

class ReaderSocketTest : public ServerTest {
 protected:
  ReaderSocketTest() { options_.reader_socket = folder_ / "run/reader.sock"; }

  std::unique_ptr<v1::Node::Stub> Reader() {
    auto channel = rpc::OpenUnixChannel(options_.reader_socket);
    EXPECT_TRUE(channel) << channel.error().message;
    return v1::Node::NewStub(*channel);
  }
};

TEST_F(ReaderSocketTest, WhoeverComesThroughItMayLookAndNothingElse) {
  Start();
  const auto stub = Reader();
  grpc::ClientContext context;
  v1::GetStatusResponse response;
  EXPECT_TRUE(stub->GetStatus(&context, {}, &response).ok());
  const Error denied = ErrorOf([&](grpc::ClientContext& call) {
    v1::RebootResponse nothing;
    return stub->Reboot(&call, {}, &nothing);
  });
  EXPECT_EQ(denied.code, ErrorCode::kPermission);
  EXPECT_THAT(denied.message, HasSubstr("may not call Reboot: it takes the role operator"));
  EXPECT_TRUE(engine_.requests().empty());

  grpc::ClientContext same_user;
  v1::RebootResponse rebooted;
  EXPECT_TRUE(Local()->Reboot(&same_user, {}, &rebooted).ok());
}

TEST_F(ReaderSocketTest, HasAModeOfItsOwn) {
  options_.reader_socket_mode = 0666;
  Start();
  struct stat info {};
  ASSERT_EQ(::stat(options_.reader_socket.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0666u);
  ASSERT_EQ(::stat(options_.socket.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660u);
  server_->Shutdown();
  EXPECT_FALSE(fs::exists(options_.reader_socket));
}

TEST_F(ReaderSocketTest, WithoutItTheAgentServesAndSaysSo) {
  fs::create_directories(options_.reader_socket);
  Start();
  grpc::ClientContext context;
  v1::GetStatusResponse response;
  ASSERT_TRUE(Local()->GetStatus(&context, {}, &response).ok());
  ASSERT_EQ(response.problems_size(), 1);
  EXPECT_THAT(response.problems(0), HasSubstr("there is no socket for readers: "));
}

}  // namespace
}  // namespace matic::api

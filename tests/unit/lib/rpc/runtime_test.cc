#include "lib/rpc/runtime.h"

#include <grpc/grpc.h>
#include <grpcpp/channel.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <thread>

#include "lib/base/unique_fd.h"
#include "lib/rpc/channel.h"

namespace matic::rpc {
namespace {

// Takes connections and ends them in the middle of the handshake.
class RudeServer {
 public:
  RudeServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_.get(), 8);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] {
      while (true) {
        const UniqueFd client(::accept(listener_.get(), nullptr, nullptr));
        if (!client.valid()) return;
        char byte = 0;
        (void)!::recv(client.get(), &byte, 1, 0);
      }
    });
  }
  ~RudeServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  uint16_t port() const { return port_; }

 private:
  UniqueFd listener_;
  uint16_t port_ = 0;
  std::thread thread_;
};

TEST(RuntimeTest, NothingOfGrpcRunsAfterItWhateverWasUnderWay) {
  const RudeServer server;
  for (int i = 0; i < 5; ++i) {
    const Runtime runtime;
    const auto channel = OpenTlsChannel({"127.0.0.1", server.port()}, {});
    EXPECT_FALSE(channel->WaitForConnected(std::chrono::system_clock::now() +
                                           std::chrono::milliseconds(20)));
  }
  EXPECT_EQ(grpc_is_initialized(), 0);
}

}  // namespace
}  // namespace matic::rpc

#include "agent/api/local_server.h"

#include <grpcpp/server_posix.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <map>
#include <mutex>

#include "agent/api/grpc_server.h"
#include "agent/api/local_socket.h"

namespace matic::api {
namespace {

// Who is behind each descriptor that gRPC was handed. An entry is replaced when the system gives
// its number out again; a call of the old connection that ends just then may be audited under the
// new name, which is an admin too.
class PeerTable {
 public:
  void Set(int fd, const LocalPeer& peer) {
    const std::scoped_lock lock(mutex_);
    peers_[fd] = peer;
  }

  // `peer` as gRPC names the connection: "fd:12".
  Identity Identify(const std::string& peer) {
    constexpr std::string_view kPrefix = "fd:";
    int fd = -1;
    if (peer.starts_with(kPrefix)) {
      std::from_chars(peer.data() + kPrefix.size(), peer.data() + peer.size(), fd);
    }
    const std::scoped_lock lock(mutex_);
    const auto it = peers_.find(fd);
    if (it == peers_.end()) return Identity{std::nullopt, "unknown peer " + peer};
    return Identity{rpc::Role::kAdmin, DescribeLocalPeer(it->second)};
  }

 private:
  std::mutex mutex_;
  std::map<int, LocalPeer> peers_;
};

}  // namespace

struct LocalServer::Parts {
  PeerTable peers;
  std::unique_ptr<NodeService> service;
  std::unique_ptr<LocalSocket> socket;
  std::unique_ptr<grpc::Server> server;
};

Result<std::unique_ptr<LocalServer>> LocalServer::Start(
    const ApiOptions& options, engine::Engine& engine,
    std::function<ServingState()> serving_state) {
  std::optional<gid_t> group;
  if (!options.socket_group.empty()) {
    auto found = FindGroup(options.socket_group);
    if (found) {
      group = *found;
    } else {
      spdlog::warn("api: {}: only root and the agent's own user may use {}", found.error().message,
                   options.socket.string());
    }
  }
  auto parts = std::make_unique<Parts>();
  MATIC_ASSIGN(parts->socket, LocalSocket::Listen(options.socket, group));
  parts->service = std::make_unique<NodeService>(
      engine,
      [&peers = parts->peers](const grpc::ServerContext& context) {
        return peers.Identify(context.peer());
      },
      std::move(serving_state));
  grpc::ServerBuilder builder;
  Prepare(builder, *parts->service);
  parts->server = builder.BuildAndStart();
  if (!parts->server) return Fail(ErrorCode::kInternal, "gRPC did not start for the unix socket");
  parts->socket->Start([&peers = parts->peers, server = parts->server.get()](
                           UniqueFd connection, const LocalPeer& peer) {
    peers.Set(connection.get(), peer);
    grpc::AddInsecureChannelFromFd(server, connection.Release());
  });
  return std::unique_ptr<LocalServer>(new LocalServer(std::move(parts)));
}

LocalServer::LocalServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

LocalServer::~LocalServer() { Shutdown(std::chrono::system_clock::now() + kShutdownTime); }

void LocalServer::Shutdown(std::chrono::system_clock::time_point deadline) {
  parts_->socket->Stop();
  api::Shutdown(*parts_->server, *parts_->service, deadline);
}

}  // namespace matic::api

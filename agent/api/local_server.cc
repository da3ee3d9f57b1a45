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
// new name. It has the same role: no two sockets share a table.
class PeerTable {
 public:
  explicit PeerTable(rpc::Role role) : role_(role) {}

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
    Identity who{.description = "unknown peer " + peer};
    if (it == peers_.end()) return who;
    who.role = role_;
    who.description = DescribeLocalPeer(it->second);
    who.name = LocalPeerName(it->second);
    who.from = "unix socket, uid " + std::to_string(it->second.uid) + ", pid " +
               std::to_string(it->second.pid);
    return who;
  }

 private:
  const rpc::Role role_;
  std::mutex mutex_;
  std::map<int, LocalPeer> peers_;
};

}  // namespace

struct LocalServer::Parts {
  explicit Parts(rpc::Role role) : peers(role) {}

  PeerTable peers;
  std::unique_ptr<NodeService> service;
  std::unique_ptr<LocalSocket> socket;
  std::unique_ptr<grpc::Server> server;
};

Result<std::unique_ptr<LocalServer>> LocalServer::Start(
    const LocalEndpoint& endpoint, engine::Engine& engine, AuditLog& audit,
    std::function<ServingState()> serving_state) {
  SocketAccess access{.mode = endpoint.mode};
  if (!endpoint.group.empty()) {
    auto found = FindGroup(endpoint.group);
    if (found) {
      access.group = *found;
    } else {
      spdlog::warn("api: {}: of groups only the agent's own may use {}", found.error().message,
                   endpoint.socket.string());
    }
  }
  auto parts = std::make_unique<Parts>(endpoint.role);
  MATIC_ASSIGN(parts->socket, LocalSocket::Listen(endpoint.socket, access));
  parts->service = std::make_unique<NodeService>(
      engine, audit,
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

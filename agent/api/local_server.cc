#include "agent/api/local_server.h"

#include <grpcpp/server_posix.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>

#include "agent/api/grpc_server.h"
#include "agent/api/local_socket.h"

namespace matic::api {
namespace {

// At one socket. Each takes a descriptor, and the agent needs some to do its work.
constexpr size_t kMaxConnections = 256;
constexpr std::ptrdiff_t kMaxConnectionsOfUser = 64;  // root aside

// Who is behind each descriptor that gRPC was handed. An entry is replaced when the system gives
// its number out again; a call of the old connection that ends just then may be audited under the
// new name. It has the same role: no two sockets share a table.
class PeerTable {
 public:
  explicit PeerTable(rpc::Role role) : role_(role) {}

  // False where there are too many already.
  bool Add(int fd, const LocalPeer& peer) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(peers_, [](const auto& entry) {
      return InodeOf(entry.first) != entry.second.inode;  // gRPC has closed it
    });
    const auto of_same_user = std::ranges::count_if(
        peers_, [&](const auto& entry) { return entry.second.peer.uid == peer.uid; });
    if (peers_.size() >= kMaxConnections) return false;
    if (peer.uid != 0 && of_same_user >= kMaxConnectionsOfUser) return false;
    peers_[fd] = {peer, InodeOf(fd)};
    return true;
  }

  // `peer` as gRPC names the connection: "fd:12".
  Identity Identify(const std::string& peer) {
    const std::scoped_lock lock(mutex_);
    const auto it = peers_.find(DescriptorOf(peer));
    Identity who{.description = "unknown peer " + peer};
    if (it == peers_.end()) return who;
    who.role = role_;
    const LocalPeer& known = it->second.peer;
    who.description = DescribeLocalPeer(known);
    who.name = LocalPeerName(known);
    who.from =
        "unix socket, uid " + std::to_string(known.uid) + ", pid " + std::to_string(known.pid);
    return who;
  }

  // gRPC closes the descriptor when it finds that nobody is there any more.
  void HangUp(const std::string& peer) {
    const std::scoped_lock lock(mutex_);
    const auto it = peers_.find(DescriptorOf(peer));
    if (it == peers_.end() || InodeOf(it->first) != it->second.inode) return;
    spdlog::warn("api: {} does not read its answers; its connection is closed",
                 DescribeLocalPeer(it->second.peer));
    ::shutdown(it->first, SHUT_RDWR);
  }

 private:
  struct Connection {
    LocalPeer peer;
    ino_t inode;
  };

  static int DescriptorOf(const std::string& peer) {
    constexpr std::string_view kPrefix = "fd:";
    int fd = -1;
    if (peer.starts_with(kPrefix)) {
      std::from_chars(peer.data() + kPrefix.size(), peer.data() + peer.size(), fd);
    }
    return fd;
  }

  static ino_t InodeOf(int fd) {
    struct stat facts {};
    return ::fstat(fd, &facts) == 0 ? facts.st_ino : 0;
  }

  const rpc::Role role_;
  std::mutex mutex_;
  std::map<int, Connection> peers_;
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
      std::move(serving_state),
      [&peers = parts->peers](const std::string& peer) { peers.HangUp(peer); });
  grpc::ServerBuilder builder;
  Prepare(builder, *parts->service);
  parts->server = builder.BuildAndStart();
  if (!parts->server) return Fail(ErrorCode::kInternal, "gRPC did not start for the unix socket");
  parts->socket->Start([&peers = parts->peers, server = parts->server.get()](
                           UniqueFd connection, const LocalPeer& peer) {
    if (!peers.Add(connection.get(), peer)) {
      spdlog::debug("api: {} has too many connections; another is refused",
                    DescribeLocalPeer(peer));
      return;
    }
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

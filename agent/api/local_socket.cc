#include "agent/api/local_socket.h"

#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <vector>

#include "lib/os/executable_folder.h"

namespace matic::api {
namespace {

constexpr int kBacklog = 16;
// After accept fails for want of descriptors or memory: time for some to be given back.
constexpr std::chrono::milliseconds kAcceptPause{200};

Result<sockaddr_un> ToAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Fail(ErrorCode::kInvalidArgument, "socket path '" + path + "' is empty or longer than " +
                                                 std::to_string(sizeof(address.sun_path) - 1) +
                                                 " bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* Generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// Removes a socket that nobody listens on. Anything else that is there stays, and is an error.
Result<> RemoveStale(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return Fail(OsError(path, errno));
  }
  if (!S_ISSOCK(info.st_mode)) {
    return Fail(ErrorCode::kRefused, path + " exists and is no socket; it is left alone");
  }
  UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(probe.get(), Generic(address), sizeof(address)) == 0 || errno == EAGAIN) {
    return Fail(ErrorCode::kRefused, "another agent answers at " + path);
  }
  if (errno != ECONNREFUSED) return Fail(OsError("probe " + path, errno));
  if (::unlink(path.c_str()) != 0) return Fail(OsError("remove stale " + path, errno));
  return {};
}

Result<> SetOwnership(const std::string& path, const SocketAccess& access) {
  if (access.group && ::chown(path.c_str(), static_cast<uid_t>(-1), *access.group) != 0) {
    return Fail(OsError("give " + path + " to its group", errno));
  }
  if (::chmod(path.c_str(), access.mode) != 0) return Fail(OsError("chmod " + path, errno));
  return {};
}

bool IsMember(int fd, gid_t primary, gid_t group) {
  if (primary == group) return true;
  socklen_t bytes = 64 * sizeof(gid_t);
  std::vector<gid_t> groups(bytes / sizeof(gid_t));
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes) != 0) {
    if (errno != ERANGE) return false;
    groups.resize(bytes / sizeof(gid_t));
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes) != 0) return false;
  }
  groups.resize(bytes / sizeof(gid_t));
  return std::ranges::find(groups, group) != groups.end();
}

bool MayConnect(int fd, const ucred& peer, const SocketAccess& access) {
  if (peer.uid == 0 || peer.uid == ::geteuid() || (access.mode & 0006) != 0) return true;
  return access.group && (access.mode & 0060) != 0 && IsMember(fd, peer.gid, *access.group);
}

}  // namespace

Result<std::unique_ptr<LocalSocket>> LocalSocket::Listen(const std::filesystem::path& path,
                                                         const SocketAccess& access) {
  const std::string name = path.string();
  MATIC_ASSIGN(const sockaddr_un address, ToAddress(name));
  std::error_code failure;
  std::filesystem::create_directories(path.parent_path(), failure);
  if (failure) return Fail(OsError("create " + path.parent_path().string(), failure.value()));
  // Who can put another socket there gets to hear what is told to the agent.
  MATIC_TRY(CheckPlace(path));
  MATIC_TRY(RemoveStale(name, address));
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!listener.valid() || !wake.valid()) return Fail(OsError("socket for " + name, errno));
  if (::bind(listener.get(), Generic(address), sizeof(address)) != 0) {
    return Fail(OsError("bind " + name, errno));
  }
  // Nobody can connect before listen, so the umask leaves no gap.
  MATIC_TRY(SetOwnership(name, access));
  if (::listen(listener.get(), kBacklog) != 0) return Fail(OsError("listen at " + name, errno));
  return std::unique_ptr<LocalSocket>(
      new LocalSocket(path, access, std::move(listener), std::move(wake)));
}

LocalSocket::LocalSocket(std::filesystem::path path, const SocketAccess& access, UniqueFd listener,
                         UniqueFd wake)
    : path_(std::move(path)),
      access_(access),
      listener_(std::move(listener)),
      wake_(std::move(wake)) {}

LocalSocket::~LocalSocket() { Stop(); }

void LocalSocket::Start(OnConnection on_connection) {
  thread_ =
      std::thread([this, on_connection = std::move(on_connection)] { AcceptLoop(on_connection); });
}

void LocalSocket::Stop() {
  if (!listener_.valid()) return;
  const uint64_t one = 1;
  // An eventfd takes 2^64-2 of these before it could refuse one.
  (void)!::write(wake_.get(), &one, sizeof(one));
  if (thread_.joinable()) thread_.join();
  ::unlink(path_.c_str());
  listener_.Reset(-1);
}

void LocalSocket::AcceptLoop(const OnConnection& on_connection) {
  while (true) {
    pollfd fds[] = {{listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    if (::poll(fds, std::size(fds), -1) < 0 && errno != EINTR) {
      spdlog::error("api: poll on {}: {}", path_.string(), std::strerror(errno));
      return;
    }
    if (fds[1].revents != 0) return;
    if (fds[0].revents != 0) AcceptOne(on_connection);
  }
}

void LocalSocket::AcceptOne(const OnConnection& on_connection) {
  UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd.valid()) {
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
    spdlog::warn("api: accept on {}: {}", path_.string(), std::strerror(errno));
    pollfd wake{wake_.get(), POLLIN, 0};
    ::poll(&wake, 1, static_cast<int>(kAcceptPause.count()));
    return;
  }
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    spdlog::warn("api: who connects to {} is unknown: {}", path_.string(), std::strerror(errno));
    return;
  }
  const LocalPeer who{peer.uid, peer.pid};
  if (!MayConnect(fd.get(), peer, access_)) {
    spdlog::warn("api: {} pid {} refused at {}: not root and not in the socket's group",
                 DescribeLocalPeer(who), who.pid, path_.string());
    return;
  }
  on_connection(std::move(fd), who);
}

Result<gid_t> FindGroup(const std::string& name) {
  std::vector<char> buffer(16384);
  group entry{};
  group* found = nullptr;
  const int failure = ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (failure != 0) return Fail(OsError("look up group '" + name + "'", failure));
  if (found == nullptr) return Fail(ErrorCode::kNotFound, "there is no group '" + name + "'");
  return found->gr_gid;
}

std::string LocalPeerName(const LocalPeer& peer) {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(peer.uid, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? "user" : found->pw_name;
}

std::string DescribeLocalPeer(const LocalPeer& peer) {
  return LocalPeerName(peer) + " (uid " + std::to_string(peer.uid) + ", unix socket)";
}

}  // namespace matic::api

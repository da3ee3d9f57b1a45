#include "agent/health/api_check.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "lib/base/unique_fd.h"

namespace matic::health {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::chrono::seconds kLimit{3};               // for a connection and its answer
constexpr std::chrono::milliseconds kStopLatency{200};  // between two looks at the stop token

// The preface and an empty SETTINGS frame.
constexpr std::string_view kPreface(
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", 33);
constexpr size_t kFrameHeader = 9;
constexpr uint8_t kSettingsType = 4;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Result<> AwaitEvent(int fd, short event, SteadyTime deadline, const std::stop_token& stop) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
    if (left.count() <= 0) return Fail(ErrorCode::kDeadline, "no answer");
    pollfd entry{fd, event, 0};
    const int ready = poll(&entry, 1, static_cast<int>(std::min(left, kStopLatency).count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return Fail(OsError("poll", errno));
  }
}

Result<UniqueFd> Connect(const Address& address, SteadyTime deadline, const std::stop_token& stop) {
  UniqueFd fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) return Fail(OsError("socket", errno));
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0) {
    return fd;
  }
  if (errno != EINPROGRESS) return Fail(OsError("connect", errno));
  MATIC_TRY(AwaitEvent(fd.get(), POLLOUT, deadline, stop));
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return Fail(OsError("connect", error));
  return fd;
}

Result<Address> UnixAddress(const std::filesystem::path& path) {
  Address address;
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof(un.sun_path)) {
    return Fail(ErrorCode::kInvalidArgument, "the path is too long for a socket");
  }
  std::memcpy(un.sun_path, path.c_str(), path.native().size());
  std::memcpy(&address.storage, &un, sizeof(un));
  address.size = sizeof(un);
  return address;
}

// Where to connect to for something that listens on `listen`: a wildcard is reached as the
// loopback.
Result<Address> TcpAddress(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return Fail(ErrorCode::kInvalidArgument, "not ADDRESS:PORT");
  std::string host = listen.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  if (host == "0.0.0.0" || host == "localhost") host = "127.0.0.1";
  if (host == "::") host = "::1";

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), listen.c_str() + colon + 1, &hints, &found);
  if (error != 0) return Fail(ErrorCode::kInvalidArgument, gai_strerror(error));
  Address address;
  address.size = found->ai_addrlen;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return address;
}

Result<> AskForSettings(int fd, SteadyTime deadline, const std::stop_token& stop) {
  if (send(fd, kPreface.data(), kPreface.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(kPreface.size())) {
    return Fail(OsError("send", errno));
  }
  std::array<uint8_t, kFrameHeader> header;
  for (size_t have = 0; have < header.size();) {
    MATIC_TRY(AwaitEvent(fd, POLLIN, deadline, stop));
    const ssize_t got = recv(fd, header.data() + have, header.size() - have, 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return Fail(OsError("receive", errno));
    if (got == 0) return Fail(ErrorCode::kUnavailable, "closed without an answer");
    have += static_cast<size_t>(got);
  }
  if (header[3] != kSettingsType) return Fail(ErrorCode::kCorrupt, "the answer is not HTTP/2");
  return {};
}

Result<> TryUnixSocket(const std::filesystem::path& path, const std::stop_token& stop) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + kLimit;
  MATIC_ASSIGN(const Address address, UnixAddress(path));
  MATIC_ASSIGN(const UniqueFd fd, Connect(address, deadline, stop));
  return AskForSettings(fd.get(), deadline, stop);
}

Result<> TryTcp(const std::string& listen, const std::stop_token& stop) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + kLimit;
  MATIC_ASSIGN(const Address address, TcpAddress(listen));
  MATIC_TRY(Connect(address, deadline, stop));
  return {};
}

}  // namespace

ApiCheck::ApiCheck(bool critical, std::filesystem::path socket, std::string listen)
    : critical_(critical), socket_(std::move(socket)), listen_(std::move(listen)) {}

Finding ApiCheck::Run(std::stop_token stop) {
  if (const auto answer = TryUnixSocket(socket_, stop); !answer) {
    return {false, socket_.string() + ": " + answer.error().message};
  }
  if (listen_.empty()) return {true, socket_.string() + " answers"};
  const std::string port = "port " + listen_.substr(listen_.rfind(':') + 1);
  if (const auto answer = TryTcp(listen_, stop); !answer) {
    return {false, port + ": " + answer.error().message};
  }
  return {true, port + " answers"};
}

}  // namespace matic::health

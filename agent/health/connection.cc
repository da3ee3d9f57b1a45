#include "agent/health/connection.h"

#include <netdb.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace matic::health {
namespace {

constexpr std::chrono::milliseconds kStopLatency{200};  // between two looks at the stop token

}  // namespace

Result<Address> NumericAddress(const HostPort& place) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(place.port);
  const int error = getaddrinfo(place.host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) return Fail(ErrorCode::kInvalidArgument, gai_strerror(error));
  Address address;
  address.size = found->ai_addrlen;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return address;
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

}  // namespace matic::health

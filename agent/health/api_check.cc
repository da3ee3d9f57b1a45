#include "agent/health/api_check.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "agent/health/connection.h"

namespace matic::health {
namespace {

constexpr std::chrono::seconds kLimit{5};  // for both connections and the answer

// The preface and an empty SETTINGS frame.
constexpr std::string_view kPreface(
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", 33);
constexpr size_t kFrameHeader = 9;
constexpr uint8_t kSettingsType = 4;

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

// Where to connect to for something that listens at `place`: a wildcard is reached as the loopback.
Result<Address> TcpAddress(HostPort place) {
  if (place.host == "0.0.0.0" || place.host == "localhost") place.host = "127.0.0.1";
  if (place.host == "::") place.host = "::1";
  return NumericAddress(place);
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

Result<> TryUnixSocket(const std::filesystem::path& path, SteadyTime deadline,
                       const std::stop_token& stop) {
  MATIC_ASSIGN(const Address address, UnixAddress(path));
  MATIC_ASSIGN(const UniqueFd fd, Connect(address, deadline, stop));
  return AskForSettings(fd.get(), deadline, stop);
}

Result<> TryTcp(const HostPort& listen, SteadyTime deadline, const std::stop_token& stop) {
  MATIC_ASSIGN(const Address address, TcpAddress(listen));
  MATIC_TRY(Connect(address, deadline, stop));
  return {};
}

}  // namespace

ApiCheck::ApiCheck(const config::ApiCheck& check, const config::Api& api)
    : ConfiguredCheck("api", check.settings), socket_(api.socket), listen_(api.listen) {}

Finding ApiCheck::Run(std::stop_token stop) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + LimitOr(kLimit);
  if (const auto answer = TryUnixSocket(socket_, deadline, stop); !answer) {
    return {false, socket_.string() + ": " + answer.error().message};
  }
  if (listen_.empty()) return {true, socket_.string() + " answers"};
  const auto listen = ParseHostPort(listen_);
  if (!listen) return {false, listen.error().message};
  const std::string port = "port " + std::to_string(listen->port);
  if (const auto answer = TryTcp(*listen, deadline, stop); !answer) {
    return {false, port + ": " + answer.error().message};
  }
  return {true, port + " answers"};
}

}  // namespace matic::health

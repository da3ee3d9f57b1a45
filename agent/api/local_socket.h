// The agent's unix socket. Connections are accepted here and not by gRPC, which shows no peer
// credentials: the kernel says who connects (SO_PEERCRED), and the audit needs to know.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "lib/base/result.h"
#include "lib/base/unique_fd.h"

namespace matic::api {

struct LocalPeer {
  uid_t uid = 0;
  pid_t pid = 0;
};

// Who may connect, beside root and the agent's own user.
struct SocketAccess {
  std::optional<gid_t> group = std::nullopt;  // none: the agent's
  mode_t mode = 0660;                         // with 0006: everybody
};

class LocalSocket {
 public:
  // Called on the socket's own thread with a non-blocking descriptor.
  using OnConnection = std::function<void(UniqueFd connection, const LocalPeer& peer)>;

  // Listens at `path`. A stale socket of an agent that is gone is replaced; where one still
  // answers, kRefused. Peers whom `access` does not admit are hung up on, and logged.
  static Result<std::unique_ptr<LocalSocket>> Listen(const std::filesystem::path& path,
                                                     const SocketAccess& access);

  ~LocalSocket();
  LocalSocket(const LocalSocket&) = delete;
  LocalSocket& operator=(const LocalSocket&) = delete;

  void Start(OnConnection on_connection);
  // Accepts no more, and removes the socket's file. Idempotent.
  void Stop();

 private:
  LocalSocket(std::filesystem::path path, const SocketAccess& access, UniqueFd listener,
              UniqueFd wake);
  void AcceptLoop(const OnConnection& on_connection);
  void AcceptOne(const OnConnection& on_connection);

  std::filesystem::path path_;
  SocketAccess access_;
  UniqueFd listener_;
  UniqueFd wake_;  // an eventfd, readable once Stop was called
  std::thread thread_;
};

// kNotFound where the system has no such group.
Result<gid_t> FindGroup(const std::string& name);

// "alice"; "user" where the system knows no name.
std::string LocalPeerName(const LocalPeer& peer);
// "alice (uid 1000, unix socket)".
std::string DescribeLocalPeer(const LocalPeer& peer);

}  // namespace matic::api

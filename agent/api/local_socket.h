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

class LocalSocket {
 public:
  // Called on the socket's own thread with a non-blocking descriptor.
  using OnConnection = std::function<void(UniqueFd connection, const LocalPeer& peer)>;

  // Listens at `path`, mode 0660, its group `group` (none: the agent's). A stale socket of an agent
  // that is gone is replaced; where one still answers, kRefused. Peers are admitted that are root,
  // run as the agent's own user, or are members of the group; others are hung up on, and logged.
  static Result<std::unique_ptr<LocalSocket>> Listen(const std::filesystem::path& path,
                                                     std::optional<gid_t> group);

  ~LocalSocket();
  LocalSocket(const LocalSocket&) = delete;
  LocalSocket& operator=(const LocalSocket&) = delete;

  void Start(OnConnection on_connection);
  // Accepts no more, and removes the socket's file. Idempotent.
  void Stop();

 private:
  LocalSocket(std::filesystem::path path, std::optional<gid_t> group, UniqueFd listener,
              UniqueFd wake);
  void AcceptLoop(const OnConnection& on_connection);
  void AcceptOne(const OnConnection& on_connection);

  std::filesystem::path path_;
  std::optional<gid_t> group_;
  UniqueFd listener_;
  UniqueFd wake_;  // an eventfd, readable once Stop was called
  std::thread thread_;
};

// kNotFound where the system has no such group.
Result<gid_t> FindGroup(const std::string& name);

// "alice (uid 1000, unix socket)".
std::string DescribeLocalPeer(const LocalPeer& peer);

}  // namespace matic::api

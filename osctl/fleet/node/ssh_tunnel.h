// A unix socket of another machine, at a path of this one, through the system's ssh.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "lib/base/result.h"
#include "lib/os/process_runner.h"
#include "osctl/fleet/inventory/inventory.h"

namespace matic::fleet {

// Not thread-safe. Its ssh ends with it, and so does the folder of its socket.
class SshTunnel {
 public:
  SshTunnel(const SshAddress& address, ProcessRunner& processes);
  ~SshTunnel();
  SshTunnel(const SshTunnel&) = delete;
  SshTunnel& operator=(const SshTunnel&) = delete;

  // The path of the socket here, once ssh listens there; begins ssh where it does not run.
  // kUnavailable, with what ssh said, where it ends before, or takes longer than `limit`.
  Result<std::filesystem::path> Open(std::chrono::milliseconds limit);
  // After a call at that socket came to nothing: what ssh said, or that nobody is behind it.
  std::string WhyNoAnswer();

 private:
  Result<> MakeFolder();
  void Begin();
  void End();
  // What ssh said, and what to do, once it has ended.
  std::optional<std::string> Ended();

  const SshAddress address_;
  ProcessRunner& processes_;
  std::filesystem::path folder_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::optional<std::string> said_;
  std::jthread ssh_;
};

}  // namespace matic::fleet

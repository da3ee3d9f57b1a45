// Agents of machines: by mutual TLS, through ssh, or of this machine.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "lib/os/process_runner.h"
#include "osctl/client/identity.h"
#include "osctl/fleet/node/node.h"

namespace matic::fleet {

// Thread-safe. What is asked through ssh needs a login without questions, as BatchMode has it
// (ssh_config(5)), to somebody who may write to the agent's socket.
class AgentNodes final : public Nodes {
 public:
  // `pki_dir` is empty for ~/.config/matic/pki.
  AgentNodes(std::string pki_dir, ProcessRunner& processes)
      : pki_dir_(std::move(pki_dir)), processes_(processes) {}

  Result<std::unique_ptr<Node>> Open(const Address& address) override;

 private:
  // None where it cannot be read; whoever calls a node reads it then, and says what is wrong.
  std::shared_ptr<const osctl::Identity> Identity();

  const std::string pki_dir_;
  ProcessRunner& processes_;
  std::mutex mutex_;
  std::shared_ptr<const osctl::Identity> identity_;
  std::chrono::steady_clock::time_point read_;
};

}  // namespace matic::fleet

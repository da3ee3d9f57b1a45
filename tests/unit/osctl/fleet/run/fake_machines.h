// Machines that a run can work on without a network: slots of a disk, and what may go wrong.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "osctl/fleet/node/node.h"

namespace matic::fleet {

enum class Misbehaviour {
  kNone,
  kOffline,
  kStagingFails,
  kSick,       // the new system is not healthy, and the machine goes back by itself
  kStaysAway,  // after its reboot
  kUnhealthy,  // before anything is done
};

struct FakeMachine {
  Misbehaviour misbehaviour = Misbehaviour::kNone;
  std::string running = "slot-a";
  std::map<std::string, std::string> digests{{"slot-a", "old"}, {"slot-b", ""}};
  int boots = 1;
  bool away = false;
  std::string lease;    // the run
  std::string stopped;  // the run
  v1::Schedule schedule;
  std::set<std::string> requests;  // ids
  int staged = 0;                  // times
  int rollbacks = 0;
  int opened = 0;
  int silent = 0;  // calls that get no answer before one does
  int restarts = 0;
  // What manifests name, as it verifies them, and what it says of that.
  std::string named = std::string(64, '2');
  v1::PlanUpdateResponse plan = PlanOf(std::string(64, '2'));

  static v1::PlanUpdateResponse PlanOf(const std::string& digest);
};

// Thread-safe.
class FakeMachines final : public Nodes {
 public:
  Result<std::unique_ptr<Node>> Open(const Address& address) override;

  // By the host of its address.
  void Set(const std::string& host, Misbehaviour misbehaviour);
  FakeMachine Get(const std::string& host);

  // The machine under its lock.
  template <typename Work>
  auto With(const std::string& host, Work work) {
    const std::scoped_lock lock(mutex_);
    return work(machines_[host]);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, FakeMachine> machines_;
};

}  // namespace matic::fleet

// What is known of a fleet's machines when a run is planned. Pure data; who asks the machines fills
// it in.
#pragma once

#include <map>
#include <string>

#include "osctl/fleet/inventory/inventory.h"

namespace matic::fleet {

// What a machine is updated to in this run, whatever its channel or flake says later: a flake at
// one revision; an image by its digest. A channel or another manifest is an ImageTarget with the
// manifest's own URL: the machine verifies it, and refuses it where it names another image by then.
// Likewise a machine that follows a channel of its own (no target, and a digest).
struct PinnedTarget {
  Target target{};
  std::string version{};  // as the machine will tell it; empty: not known before it is built
  std::string digest{};   // of the image, or the system's store path; empty likewise
  bool operator==(const PinnedTarget&) const = default;
};

// What its agent is in the middle of.
enum class UnderWay { kNothing, kStaging, kStaged, kActivating, kOnTrial, kRollingBack };

struct MachineFacts {
  bool reachable = false;
  bool healthy = false;
  std::string problem{};  // why it is not reachable or not healthy
  std::string version{};  // what it runs
  std::string digest{};   // likewise: of its image, or its store path
  uint64_t generation = 0;
  std::string system{};         // likewise: "slot-a", or the base name of its store path
  std::string boot_id{};        // of this start
  bool up_to_date = false;      // it runs its pinned target
  bool reboot_pending = false;  // its pinned target is activated, and takes a reboot to run
  UnderWay under_way = UnderWay::kNothing;
  std::string staged{};   // the schedule of a fleet that has its pinned target staged; empty: none
  std::string held_by{};  // another controller, by its lease on the machine; empty: nobody
  PinnedTarget target{};
  std::string no_target{};  // why its target is not known; empty: it is
  bool operator==(const MachineFacts&) const = default;
};

// By the machine's name. One that is missing counts as not reachable.
using FleetFacts = std::map<std::string, MachineFacts>;

}  // namespace matic::fleet

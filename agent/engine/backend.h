// What the engine asks of a way to hold two systems: slots of a disk (agent/ab), or generations of
// a Nix profile.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/engine/fetch_plan.h"
#include "agent/update/facts.h"
#include "agent/update/state.h"
#include "lib/base/result.h"

namespace matic::engine {

struct StageSpec {
  std::string source;  // of an image; a flake, or a path in the store
  std::string sha256;  // of an image: 64 lower-case hex digits
  // What a signed manifest promises: not a byte more is fetched. 0: nothing is promised.
  uint64_t size_bytes = 0;
  update::Mode mode = update::Mode::kAuto;
  std::vector<std::string> inputs{};  // of a flake, to move to their newest; "*": all
  update::DeltaFiles delta{};         // that a signed manifest names
};

enum class StagePhase { kFetching, kVerifying };

struct StageProgress {
  StagePhase phase;
  uint64_t bytes_done;
  uint64_t bytes_total;  // 0 while unknown
};
using ProgressSink = std::function<void(const StageProgress&)>;

// Every verb can be done twice with the same end. None of them changes the running target's
// content.
class Backend {
 public:
  virtual ~Backend() = default;

  // What is, read anew from the disk and the running system. Never from memory.
  virtual Result<update::Facts> GetFacts() = 0;

  // Mends what a power loss or a foreign tool left behind, where that can be done without changing
  // what boots. Returns a line for each thing mended. Called once at start and before every change.
  virtual Result<std::vector<std::string>> Repair() = 0;

  // Whether this backend could take such a request at all; looks at the words only. The source may
  // be empty, which is the configured channel, and the digest: a signed manifest will name it.
  // kInvalidArgument.
  virtual Result<> CheckSource(const StageSpec& spec) = 0;

  // May read all that is here, and changes nothing. kUnavailable while another one is made.
  virtual Result<FetchPlan> PlanFetch(const StageSpec& spec, std::stop_token stop) = 0;

  // Brings `spec` into the target that does not run and verifies it there. Until it returns, and
  // after an error or a power loss, that target cannot be booted and the running one boots; but for
  // a target that holds that very image already, which stays as it is.
  virtual Result<update::StagedImage> Stage(const StageSpec& spec, const ProgressSink& progress,
                                            std::stop_token stop) = 0;

  // Whether the target still holds what Stage verified there, read anew from the device: kCorrupt
  // where it does not.
  virtual Result<> Verify(const update::StagedImage& staged, const ProgressSink& progress,
                          std::stop_token stop) = 0;

  // Makes `staged` the next boot, on trial; or, where it is live, what runs, and not the next boot.
  // The commit point of an update. Takes up what an agent that was restarted meanwhile had begun.
  // kRefused where nothing of the running system was changed; kCancelled when stopped, and can then
  // be called again.
  virtual Result<> Activate(const update::StagedImage& staged, std::stop_token stop) = 0;

  // Makes the target named `target` not bootable: an activated update is cancelled, or a slot's
  // verdict is kept. Never the running target while it is the only bootable one.
  virtual Result<> Discard(const std::string& target) = 0;

  // Marks the running target successful.
  virtual Result<> Confirm() = 0;

  // Makes `previous` the next boot, for good; where it can run without a reboot, it does so when
  // this returns the name of what runs. Empty: it takes a reboot. Another target that is known to
  // be good is gone back to where `previous` does not even get that far. kRefused where none can be
  // booted, kCancelled when stopped.
  virtual Result<std::string> Revert(const std::string& previous, std::stop_token stop) = 0;

  // Gives the running target on trial one try back, before a reboot that somebody asked for.
  virtual Result<> GiveTryBack() = 0;
};

}  // namespace matic::engine

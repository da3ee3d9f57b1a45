// What the engine asks of a way to hold two systems: slots of a disk (agent/ab), or generations of
// a Nix profile.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/update/facts.h"
#include "lib/base/result.h"

namespace matic::engine {

struct StageSpec {
  std::string source;
  std::string sha256;  // 64 lower-case hex digits
  // What a signed manifest promises: not a byte more is fetched. 0: nothing is promised.
  uint64_t size_bytes = 0;
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

  // Whether this backend could take such a source at all; looks at the words only. The digest may
  // be empty: a signed manifest will name it. kInvalidArgument.
  virtual Result<> CheckSource(const StageSpec& spec) = 0;

  // How many bytes Stage would fetch; nothing where nobody says. Reads no more than it must.
  virtual Result<std::optional<uint64_t>> BytesToFetch(const StageSpec& spec,
                                                       std::stop_token stop) = 0;

  // Brings `spec` into the target that does not run and verifies it there. Until it returns, and
  // after an error or a power loss, that target cannot be booted and the running one boots.
  virtual Result<update::StagedImage> Stage(const StageSpec& spec, const ProgressSink& progress,
                                            std::stop_token stop) = 0;

  // Whether the target still holds what Stage verified there, read anew from the device: kCorrupt
  // where it does not.
  virtual Result<> Verify(const update::StagedImage& staged, const ProgressSink& progress,
                          std::stop_token stop) = 0;

  // Makes `staged` the next boot, on trial. The commit point of an update.
  virtual Result<> Activate(const update::StagedImage& staged) = 0;

  // Makes the target named `target` not bootable: an activated update is cancelled, or a slot's
  // verdict is kept. Never the running target while it is the only bootable one.
  virtual Result<> Discard(const std::string& target) = 0;

  // Marks the running target successful.
  virtual Result<> Confirm() = 0;

  // Makes `previous` the next boot, for good. kRefused where it cannot be booted.
  virtual Result<> Revert(const std::string& previous) = 0;

  // Gives the running target on trial one try back, before a reboot that somebody asked for.
  virtual Result<> GiveTryBack() = 0;
};

}  // namespace matic::engine

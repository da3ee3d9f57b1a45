// What is on disk of an activation that runs in a unit of its own, so that an agent which it
// restarts finds it again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "agent/nixos/failed_units.h"
#include "lib/base/result.h"

namespace matic::nixos {

struct ActivationNote {
  std::string id;
  std::filesystem::path system;
  std::string boot_id;
  UnitNames failed_before = {};

  bool operator==(const ActivationNote&) const = default;
};

// The agent's note, activation.json, and what the unit leaves behind: activation.output, and
// activation.result, whole or not there.
class ActivationRecord {
 public:
  explicit ActivationRecord(std::filesystem::path folder) : folder_(std::move(folder)) {}

  const std::filesystem::path& folder() const { return folder_; }

  // A note that makes no sense is set aside and told of in the log (lib/os/kept_json.h), and is
  // none.
  Result<std::optional<ActivationNote>> Load() const;
  // Durable when it returns; an earlier result is gone then.
  Result<> Save(const ActivationNote& note) const;
  Result<> Remove() const;

  // The exit code of what `note` tells of, where that has ended: nothing else's, and none of
  // another start of the machine. kCorrupt for what is no result; it is set aside.
  Result<std::optional<int>> ExitCode(const ActivationNote& note) const;

  struct Output {
    std::string text;  // at most the last 64 KiB
    uint64_t end = 0;  // where the next one begins
  };
  // What it has printed from `offset` on.
  Output OutputFrom(uint64_t offset) const;

  // For /bin/sh -c, given the system, the boot id, the folder and the activation's id: runs the
  // system's `switch-to-configuration test` and leaves what is read above. It has no braces behind
  // a dollar sign, which systemd would take for a variable of its own.
  static std::string Script();

 private:
  const std::filesystem::path folder_;
};

}  // namespace matic::nixos

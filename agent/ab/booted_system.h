// What was started on this machine: asked anew each time, never remembered.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "agent/ab/running_slot.h"

namespace matic::ab {

struct Booted {
  boot::Slot slot;
  std::string boot_id;
  // Of the running system, where it can be asked itself.
  std::optional<std::string> version;
};

class BootedSystem {
 public:
  virtual ~BootedSystem() = default;
  virtual Result<Booted> Find(const gpt::GptTable& table) = 0;
};

// A machine started by the boot selector. kRefused as IdentifyRunningSlot.
class LinuxBootedSystem final : public BootedSystem {
 public:
  explicit LinuxBootedSystem(SystemFolders folders = {},
                             std::filesystem::path os_release = "/etc/os-release")
      : folders_(std::move(folders)), os_release_(std::move(os_release)) {}
  Result<Booted> Find(const gpt::GptTable& table) override;

 private:
  SystemFolders folders_;
  std::filesystem::path os_release_;
};

// File-backed mode: the disk is a plain file, and {"boot_id": "…", "slot": "slot-a"} in a JSON file
// says what would run from it. kCorrupt where it does not, kRefused on a
// real disk.
class FileBootedSystem final : public BootedSystem {
 public:
  explicit FileBootedSystem(std::filesystem::path facts) : facts_(std::move(facts)) {}
  Result<Booted> Find(const gpt::GptTable& table) override;

 private:
  std::filesystem::path facts_;
};

}  // namespace matic::ab

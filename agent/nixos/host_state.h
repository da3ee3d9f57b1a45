// What the agent remembers of a Nix host: nixos.json (docs/formats.md, "State"). The profile and
// the boot loader are the truth about what the machine starts; this says which system has proven
// itself, and which one is being tried.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/os/kept_json.h"

namespace matic::nixos {

// All paths are systems in the store; all times are of whole seconds.
struct ConfirmedSystem {
  std::filesystem::path system;
  WallTime time{};
  std::string boot_id = {};  // of the start it was confirmed in

  bool operator==(const ConfirmedSystem&) const = default;
};

struct GoldenSystem {
  std::filesystem::path system;
  WallTime since{};

  bool operator==(const GoldenSystem&) const = default;
};

enum class ActivationMode { kLive, kBoot };

// How the boot loader was told to start the system on trial once.
enum class StartOnce {
  kNot,         // switched to live, or the boot loader cannot
  kOneShot,     // bootctl set-oneshot
  kBootCounts,  // systemd-boot's boot counting
  kGrubReboot,
};

struct TrialNote {
  std::filesystem::path system;
  std::filesystem::path previous;  // to go back to
  ActivationMode mode = ActivationMode::kLive;
  StartOnce start_once = StartOnce::kNot;
  WallTime time{};
  std::string boot_id = {};  // of the start it was activated in
  bool told = false;         // the boot loader was; a start before was by nobody's order

  bool operator==(const TrialNote&) const = default;
};

struct HostState {
  std::optional<ConfirmedSystem> confirmed;
  std::optional<GoldenSystem> golden;
  std::optional<TrialNote> trial;

  bool operator==(const HostState&) const = default;
};

// Keys that this release does not know are kept, as long as what they tell of is: an older agent
// loses nothing that a newer one wrote.
class HostStateStore {
 public:
  explicit HostStateStore(std::filesystem::path file);
  ~HostStateStore();

  // Nothing is known where there is no file. One that cannot be understood is set aside
  // (lib/os/kept_json.h), and `problem` says so; the parts of it that can be are kept. kIo,
  // kPermission where it cannot be read.
  struct Loaded {
    HostState state;
    std::string problem;  // empty: none
  };
  Result<Loaded> Load();

  // After a power loss the file holds the state before or this one. kInvalidArgument for a state
  // that Load would not understand.
  Result<> Save(const HostState& state);

 private:
  struct Document;  // as it was read, unknown keys included
  KeptJson file_;
  std::unique_ptr<Document> document_;
};

}  // namespace matic::nixos

// How a NixOS host is updated: the `nixos` section of agent.yaml.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "agent/update/state.h"

namespace matic::config {

enum class Builder { kNix, kNh, kNixosRebuild, kChannel };
enum class FetchFailure { kAbort, kUseLocal };
enum class LoaderChoice { kAuto, kSystemdBoot, kGrub, kNone };

struct NixosPull {
  bool enabled = true;
  std::string remote = "origin";
  std::string branch = "main";
  FetchFailure on_failure = FetchFailure::kAbort;

  bool operator==(const NixosPull&) const = default;
};

struct NixosCommit {
  bool enabled = false;
  std::string name = "Matic";
  std::string email = "matic@localhost";

  bool operator==(const NixosCommit&) const = default;
};

struct Nixos {
  std::string flake = {};     // "/etc/nixos#web"; empty: only what a schedule names
  std::string nix_path = {};  // NIX_PATH, for the builder `channel`
  update::Mode mode = update::Mode::kAuto;
  Builder builder = Builder::kNix;
  bool validate = true;  // switch-to-configuration check and dry-activate before activating
  std::vector<std::string> update_inputs = {};  // "*": all
  NixosPull pull = {};
  NixosCommit commit = {};
  std::chrono::seconds build_timeout{7200};
  std::chrono::seconds activation_timeout{1800};
  uint32_t keep_generations = 10;
  std::chrono::seconds golden_after{86400};  // 0: never
  LoaderChoice boot_loader = LoaderChoice::kAuto;
  std::filesystem::path boot_folder = "/boot";  // the ESP, or where GRUB's files lie
  bool start_without_trial = false;             // where the boot loader cannot start a system once
  std::string host_root = {};                   // file-backed mode: stands before the host's paths

  bool operator==(const Nixos&) const = default;
};

}  // namespace matic::config

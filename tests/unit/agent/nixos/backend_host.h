// A NixOS host of files (tests/fixtures/nix-system) under a backend: real Nix, and a systemd and a
// firmware that are played.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/engine/step_log.h"
#include "agent/nixos/nixos_backend.h"
#include "tests/fakes/manual_clock.h"
#include "tests/unit/agent/nixos/nix_host.h"

namespace matic::nixos {

class KeptSteps final : public engine::StepLog {
 public:
  void Began(engine::Phase, const std::string&) override {}
  void Ended(const engine::StepReport& step) override { reports.push_back(step); }

  std::vector<engine::StepReport> reports;
};

// It runs version 1, its only generation.
class BackendHost : public testing::Test {
 protected:
  BackendHost();
  ~BackendHost() override;

  // A program that has to end well, in the configuration's tree.
  std::string Do(const std::vector<std::string>& argv);
  // A system of that version, built, and in no generation.
  std::filesystem::path Build(const std::string& version);
  // The same machine, started anew: as systemd-boot would choose, or where it is told, anything.
  void Reboot(const std::filesystem::path& system);
  // What an agent does that is started anew.
  void RestartAgent();

  update::StagedImage Stage(const std::filesystem::path& system, update::Mode mode);
  // Staged and activated; confirmed as well.
  std::filesystem::path Activate(const std::string& version, update::Mode mode);
  std::filesystem::path Update(const std::string& version, update::Mode mode);

  update::Target TargetOf(const std::filesystem::path& system);
  std::filesystem::path Link(const std::string& name) const;
  std::filesystem::path InProfile() const { return Link("nix/var/nix/profiles/system"); }
  std::filesystem::path DefaultEntry();
  std::optional<std::filesystem::path> StartedOnce();
  std::vector<std::string> Entries() const;  // "nixos-generation-1.conf"
  std::vector<uint64_t> Generations();
  HostState State() const;

  const DeletableFolder folder_;
  const std::filesystem::path root_ = folder_ / "host";
  NixosOptions options_;
  SystemProcessRunner processes_;
  fakes::ManualClock clock_{fakes::ManualClock::Waits::kPass};
  KeptSteps steps_;
  std::unique_ptr<NixosBackend> backend_;
  std::filesystem::path first_;

 private:
  void WriteFile(const std::filesystem::path& path, const std::string& content);
  void SetVariable(const std::string& name, const std::string& value);

  const std::string path_before_;
};

}  // namespace matic::nixos

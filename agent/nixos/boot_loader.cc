#include "agent/nixos/boot_loader.h"

#include <sstream>
#include <string>
#include <utility>

#include "agent/nixos/grub.h"
#include "agent/nixos/loader_variables.h"
#include "agent/nixos/systemd_boot.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

class NoBootLoader final : public BootLoader {
 public:
  std::string Name() const override { return "this machine's boot loader"; }
  StartOnce Way() const override { return StartOnce::kNot; }
  Result<std::optional<fs::path>> Default(std::stop_token /*stop*/) const override {
    return std::nullopt;
  }
  Result<std::optional<fs::path>> Next(std::stop_token /*stop*/) const override {
    return std::nullopt;
  }
  Result<> StartNext(const fs::path& system, std::stop_token /*stop*/) const override {
    return Fail(ErrorCode::kRefused, "this machine's boot loader cannot start " +
                                         system.filename().string() +
                                         " once: it is neither systemd-boot nor GRUB");
  }
  Result<> ClearNext(std::stop_token /*stop*/) const override { return {}; }
};

config::LoaderChoice FindBootLoader(const HostPaths& paths) {
  const Result<std::optional<std::string>> started_by = ReadLoaderVariable(paths, "LoaderInfo");
  if (started_by && *started_by && (*started_by)->starts_with("systemd-boot")) {
    return config::LoaderChoice::kSystemdBoot;
  }
  std::error_code ignored;
  if (fs::exists(paths.boot / "grub/grub.cfg", ignored)) return config::LoaderChoice::kGrub;
  if (fs::is_directory(paths.boot / "loader/entries", ignored)) {
    return config::LoaderChoice::kSystemdBoot;
  }
  return config::LoaderChoice::kNone;
}

// A new configuration may bring another boot loader.
class FoundBootLoader final : public BootLoader {
 public:
  FoundBootLoader(const Programs& programs, const HostPaths& paths)
      : programs_(programs), paths_(paths) {}

  std::string Name() const override { return Find()->Name(); }
  StartOnce Way() const override { return Find()->Way(); }
  Result<std::optional<fs::path>> Default(std::stop_token stop) const override {
    return Find()->Default(std::move(stop));
  }
  Result<std::optional<fs::path>> Next(std::stop_token stop) const override {
    return Find()->Next(std::move(stop));
  }
  Result<> StartNext(const fs::path& system, std::stop_token stop) const override {
    return Find()->StartNext(system, std::move(stop));
  }
  Result<> ClearNext(std::stop_token stop) const override {
    return Find()->ClearNext(std::move(stop));
  }

 private:
  std::unique_ptr<BootLoader> Find() const {
    return MakeBootLoader(programs_, paths_, FindBootLoader(paths_));
  }

  const Programs& programs_;
  const HostPaths& paths_;
};

}  // namespace

std::optional<fs::path> SystemOf(std::string_view command_line) {
  constexpr std::string_view kOption = "init=";
  std::optional<fs::path> system;
  std::istringstream words{std::string(command_line)};
  for (std::string word; words >> word;) {
    if (!word.starts_with(kOption)) continue;
    // The kernel takes the last one.
    const fs::path init = word.substr(kOption.size());
    system = init.is_absolute() && init.filename() == "init" ? std::optional(init.parent_path())
                                                             : std::nullopt;
  }
  return system;
}

Result<> CheckInStore(const fs::path& system) {
  std::error_code error;
  if (fs::exists(system, error)) return {};
  if (error) return Fail(OsError(system.string(), error.value()));
  return Fail(ErrorCode::kNotFound,
              system.string() + " is not in the store any more: a garbage collection took it");
}

Error AlreadyTheDefault(const fs::path& system, std::string_view name, std::string_view setting) {
  return {ErrorCode::kRefused, std::string(name) + " starts " + system.filename().string() +
                                   " by default, not once: it would start it again and again. " +
                                   std::string(setting) + " says so"};
}

std::unique_ptr<BootLoader> MakeBootLoader(const Programs& programs, const HostPaths& paths,
                                           config::LoaderChoice choice) {
  switch (choice) {
    case config::LoaderChoice::kAuto:
      return std::make_unique<FoundBootLoader>(programs, paths);
    case config::LoaderChoice::kSystemdBoot:
      return std::make_unique<SystemdBoot>(programs, paths);
    case config::LoaderChoice::kGrub:
      return std::make_unique<Grub>(programs, paths);
    case config::LoaderChoice::kNone:
      break;
  }
  return std::make_unique<NoBootLoader>();
}

}  // namespace matic::nixos

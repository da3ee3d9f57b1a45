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
  std::string_view name() const override { return "none"; }
  StartOnce means() const override { return StartOnce::kNot; }
  Result<std::optional<fs::path>> Default(std::stop_token /*stop*/) override {
    return std::nullopt;
  }
  Result<> SetOnce(const fs::path& system, std::stop_token /*stop*/) override {
    return Fail(ErrorCode::kRefused,
                "this machine's boot loader cannot start " + system.filename().string() +
                    " once (systemd-boot and GRUB can). With nixos.start_without_trial: true it "
                    "becomes the default before it was tried; a kernel that panics then needs a "
                    "person at the boot menu");
  }
  Result<std::optional<fs::path>> PendingOnce(std::stop_token /*stop*/) override {
    return std::nullopt;
  }
  Result<> ClearOnce(std::stop_token /*stop*/) override { return {}; }
  Result<std::optional<int>> TriesLeft(const fs::path& /*system*/) override { return std::nullopt; }
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

BootLoaderKind FindBootLoader(const HostPaths& paths) {
  const Result<std::optional<std::string>> started_by = ReadLoaderVariable(paths, "LoaderInfo");
  if (started_by && *started_by && (*started_by)->starts_with("systemd-boot")) {
    return BootLoaderKind::kSystemdBoot;
  }
  std::error_code ignored;
  if (fs::exists(paths.boot / "grub/grub.cfg", ignored)) return BootLoaderKind::kGrub;
  if (fs::is_directory(paths.boot / "loader/entries", ignored)) {
    return BootLoaderKind::kSystemdBoot;
  }
  return BootLoaderKind::kNone;
}

std::unique_ptr<BootLoader> MakeBootLoader(BootLoaderKind kind, const Programs& programs,
                                           const HostPaths& paths) {
  if (kind == BootLoaderKind::kAuto) kind = FindBootLoader(paths);
  switch (kind) {
    case BootLoaderKind::kSystemdBoot:
      return std::make_unique<SystemdBoot>(programs, paths);
    case BootLoaderKind::kGrub:
      return std::make_unique<Grub>(programs, paths);
    case BootLoaderKind::kAuto:
    case BootLoaderKind::kNone:
      break;
  }
  return std::make_unique<NoBootLoader>();
}

}  // namespace matic::nixos

#include "agent/nixos/grub.h"

#include <sstream>
#include <utility>

#include "lib/os/durable_file.h"
#include "lib/os/output_tail.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kDeadline{1};
constexpr size_t kMaxMenu = 8 * 1024 * 1024;

}  // namespace

Result<GrubMenu> Grub::Menu() const {
  const fs::path path = folder() / "grub.cfg";
  MATIC_ASSIGN(const std::string text, ReadFile(path, kMaxMenu));
  Result<GrubMenu> menu = ParseGrubMenu(text);
  if (!menu) return Fail(menu.error().Context(path.string()));
  return menu;
}

Result<Grub::Variables> Grub::Environment(std::stop_token stop) const {
  Variables variables;
  std::error_code ignored;
  // grub-editenv would make one.
  if (!fs::exists(environment_block(), ignored)) return variables;
  MATIC_ASSIGN(const std::string output,
               programs_.Run({.argv = {"grub-editenv", environment_block().string(), "list"},
                              .deadline = kDeadline},
                             std::move(stop)));
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    const size_t equals = line.find('=');
    if (equals != std::string::npos) variables[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return variables;
}

Result<std::optional<fs::path>> Grub::Default(std::stop_token stop) const {
  MATIC_ASSIGN(const GrubMenu menu, Menu());
  std::string name = menu.start;
  if (name == "${saved_entry}" || name == "saved") {
    MATIC_ASSIGN(Variables variables, Environment(std::move(stop)));
    name = variables["saved_entry"];
  }
  const GrubItem* item = FindGrubItem(menu, name);
  // As GRUB does with a name that leads nowhere.
  if (item == nullptr) item = FindGrubItem(menu, "0");
  return item == nullptr ? std::nullopt : item->system;
}

Result<> Grub::CheckWritableForGrub(std::stop_token stop) const {
  const auto probe = [&](const char* target) {
    return programs_.Run({.argv = {"grub-probe", target, folder().string()}, .deadline = kDeadline},
                         stop);
  };
  const auto refuse = [&](const std::string& what) {
    return Fail(ErrorCode::kRefused,
                folder().string() + " is on " + what +
                    ", where GRUB cannot note that it has started a system once: it would start it "
                    "again and again. Put /boot on a partition of its own, with ext4 or FAT");
  };
  MATIC_ASSIGN(const std::string file_system, probe("--target=fs"));
  for (const char* name : {"btrfs", "zfs"}) {
    if (file_system.find(name) != std::string::npos) return refuse(name);
  }
  MATIC_ASSIGN(const std::string layers, probe("--target=abstraction"));
  for (const char* name : {"diskfilter", "lvm"}) {
    if (layers.find(name) != std::string::npos) return refuse("RAID or LVM");
  }
  return {};
}

Result<> Grub::CheckAble(const GrubMenu& menu, std::stop_token stop) const {
  if (menu.takes_next) return CheckWritableForGrub(std::move(stop));
  return Fail(ErrorCode::kRefused,
              (folder() / "grub.cfg").string() +
                  " does not start what grub-reboot asks for (next_entry), as NixOS' own would");
}

StartOnce Grub::Way() const {
  const Result<GrubMenu> menu = Menu();
  // Other errors have a way to be told: StartNext's.
  if (!menu) return StartOnce::kGrubReboot;
  const Result<> able = CheckAble(*menu, {});
  const bool cannot = !able && able.error().code == ErrorCode::kRefused;
  return cannot ? StartOnce::kNot : StartOnce::kGrubReboot;
}

Result<> Grub::Sync() const {
  // grub-editenv leaves it in the page cache.
  return SyncFileSystem(folder());
}

Result<> Grub::StartNext(const fs::path& system, std::stop_token stop) const {
  MATIC_ASSIGN(const GrubMenu menu, Menu());
  MATIC_TRY(CheckAble(menu, stop));
  MATIC_TRY(CheckInStore(system));
  const std::optional<std::string> name = GrubNameOf(menu, system);
  if (!name) {
    return Fail(ErrorCode::kNotFound,
                system.filename().string() + " has no entry in " +
                    (folder() / "grub.cfg").string() +
                    ": switch-to-configuration writes one for each generation of the profile, as "
                    "many as boot.loader.grub.configurationLimit lets it");
  }
  MATIC_ASSIGN(const std::optional<fs::path> by_default, Default(stop));
  if (by_default == system) {
    return Fail(AlreadyTheDefault(system, Name(), (folder() / "grub.cfg").string()));
  }
  MATIC_TRY(
      programs_.Run({.argv = {"grub-reboot", "--boot-directory=" + paths_.boot.string(), *name},
                     .deadline = kDeadline},
                    stop));
  MATIC_TRY(Sync());
  MATIC_ASSIGN(Variables variables, Environment(std::move(stop)));
  if (variables["next_entry"] == *name) return {};
  return Fail(ErrorCode::kIo, "grub-reboot set next_entry in " + environment_block().string() +
                                  ", but it is \"" + CleanText(variables["next_entry"]) +
                                  "\" and not \"" + *name + "\"");
}

Result<std::optional<fs::path>> Grub::Next(std::stop_token stop) const {
  MATIC_ASSIGN(Variables variables, Environment(std::move(stop)));
  const std::string& name = variables["next_entry"];
  if (name.empty()) return std::nullopt;
  MATIC_ASSIGN(const GrubMenu menu, Menu());
  const GrubItem* const item = FindGrubItem(menu, name);
  return item == nullptr ? std::nullopt : item->system;
}

Result<> Grub::ClearNext(std::stop_token stop) const {
  MATIC_ASSIGN(Variables variables, Environment(stop));
  if (variables["next_entry"].empty()) return {};
  MATIC_TRY(
      programs_.Run({.argv = {"grub-editenv", environment_block().string(), "unset", "next_entry"},
                     .deadline = kDeadline},
                    std::move(stop)));
  return Sync();
}

}  // namespace matic::nixos

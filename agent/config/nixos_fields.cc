#include "agent/config/fields.h"
#include "agent/config/nixos.h"
#include "agent/config/values.h"
#include "agent/update/mode_names.h"

namespace matic::config {
namespace {

// "none", "all", or a list of names.
FieldReader Inputs(std::vector<std::string>& target) {
  return [&target](const Value& value) -> std::optional<std::string> {
    if (value.IsText() && (value.text == "none" || value.text == "all")) {
      target.clear();
      if (value.text == "all") target.emplace_back("*");
      return std::nullopt;
    }
    if (!value.IsList()) return Must("none, all, or a list of names", value);
    return TextList(target, kAnyText, 1)(value);
  };
}

}  // namespace

std::vector<Field> NixosFields(Nixos& nixos) {
  constexpr uint64_t kDay = 86400;
  return {
      {"nixos.flake", Text(nixos.flake, kAnyText)},
      {"nixos.nix_path", Text(nixos.nix_path, kAnyText)},
      {"nixos.mode", Choice(nixos.mode, update::kModeNames)},
      {"nixos.builder", Choice<Builder>(nixos.builder, {{"nix", Builder::kNix},
                                                        {"nh", Builder::kNh},
                                                        {"nixos-rebuild", Builder::kNixosRebuild},
                                                        {"channel", Builder::kChannel}})},
      {"nixos.validate", Flag(nixos.validate)},
      {"nixos.update_inputs", Inputs(nixos.update_inputs)},
      {"nixos.pull.enabled", Flag(nixos.pull.enabled)},
      {"nixos.pull.remote", Text(nixos.pull.remote, kAnyText)},
      {"nixos.pull.branch", Text(nixos.pull.branch, kAnyText)},
      {"nixos.pull.on_failure",
       Choice<FetchFailure>(nixos.pull.on_failure, {{"abort", FetchFailure::kAbort},
                                                    {"use-local", FetchFailure::kUseLocal}})},
      {"nixos.commit.enabled", Flag(nixos.commit.enabled)},
      {"nixos.commit.name", Text(nixos.commit.name, kAnyText)},
      {"nixos.commit.email", Text(nixos.commit.email, kAnyText)},
      {"nixos.build_timeout_seconds", Seconds(nixos.build_timeout, 1, 7 * kDay)},
      {"nixos.activation_timeout_seconds", Seconds(nixos.activation_timeout, 1, kDay)},
      {"nixos.keep_generations", Number(nixos.keep_generations, 10, 10000)},
      {"nixos.golden_after_seconds", Seconds(nixos.golden_after, 0, 365 * kDay)},
      {"nixos.boot_loader",
       Choice<LoaderChoice>(nixos.boot_loader, {{"auto", LoaderChoice::kAuto},
                                                {"systemd-boot", LoaderChoice::kSystemdBoot},
                                                {"grub", LoaderChoice::kGrub},
                                                {"none", LoaderChoice::kNone}})},
      {"nixos.boot_folder", Text(nixos.boot_folder, kPath)},
      {"nixos.start_without_trial", Flag(nixos.start_without_trial)},
      {"nixos.host_root", Text(nixos.host_root, kPathOrNothing)},
  };
}

std::optional<std::pair<std::string, std::string>> ContradictionIn(const Nixos& nixos) {
  if (nixos.builder == Builder::kChannel && nixos.nix_path.empty()) {
    return std::pair{std::string("nixos.builder"),
                     std::string("`channel` needs `nixos.nix_path`, which names <nixpkgs>")};
  }
  return std::nullopt;
}

}  // namespace matic::config

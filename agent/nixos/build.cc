#include "agent/nixos/build.h"

#include <utility>
#include <vector>

#include "agent/nixos/nix_flags.h"

namespace matic::nixos {
namespace {

// Of the attribute's name in quotes: Nix has no way to write these there.
bool IsHostName(std::string_view host) {
  return !host.empty() && host.find_first_of("\"\\$#") == std::string_view::npos;
}

Invocation BuildFlake(const FlakeTarget& target, const BuildSettings& settings) {
  return {
      .argv = WithFlakes({"nix", "build"},
                         {"--no-write-lock-file", "--out-link", settings.out_link.string(), "--",
                          target.flake + "#nixosConfigurations.\"" + target.host +
                              "\".config.system.build.toplevel"}),
      .deadline = settings.deadline};
}

Invocation BuildChannel(const ChannelTarget& target, const BuildSettings& settings) {
  return {.argv = {"nix-build", "<nixpkgs/nixos>", "--attr", "system", "--out-link",
                   settings.out_link.string()},
          .deadline = settings.deadline,
          .environment = {"NIX_PATH=" + target.nix_path}};
}

}  // namespace

Result<FlakeTarget> ParseFlakeTarget(std::string_view text, std::string_view host_name) {
  const size_t hash = text.find('#');
  const std::string_view flake = text.substr(0, hash);
  const std::string_view host = hash == std::string_view::npos ? host_name : text.substr(hash + 1);
  if (flake.empty() || flake[0] == '-' || !IsHostName(host)) {
    return Fail(ErrorCode::kInvalidArgument,
                "\"" + std::string(text) +
                    "\" is no flake; it is written FLAKE#HOST, such as "
                    "/etc/nixos#web for its nixosConfigurations.web");
  }
  return FlakeTarget{.flake = std::string(flake), .host = std::string(host)};
}

Result<System> BuildSystem(const Programs& programs, const BuildSettings& settings,
                           std::stop_token stop) {
  std::error_code error;
  std::filesystem::create_directories(settings.out_link.parent_path(), error);
  if (error) {
    return Fail(OsError("make " + settings.out_link.parent_path().string(), error.value()));
  }
  const auto* flake = std::get_if<FlakeTarget>(&settings.target);
  const std::string what =
      flake != nullptr ? "build " + flake->flake + "#" + flake->host : "build <nixpkgs/nixos>";
  const Result<std::string> built = programs.Run(
      flake != nullptr ? BuildFlake(*flake, settings)
                       : BuildChannel(std::get<ChannelTarget>(settings.target), settings),
      std::move(stop));
  if (!built) return Fail(built.error().Context(what));
  Result<System> system = ReadSystem(settings.out_link);
  if (!system) return Fail(system.error().Context(what));
  if (const Result<> activatable = CheckActivatable(*system); !activatable) {
    return Fail(activatable.error().Context(what));
  }
  return system;
}

}  // namespace matic::nixos

#include "agent/nixos/build.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "agent/nixos/nix_flags.h"
#include "agent/nixos/store_path.h"
#include "lib/http/url.h"

namespace matic::nixos {
namespace {

// Of the attribute's name in quotes: Nix has no way to write these there.
bool IsHostName(std::string_view host) {
  return !host.empty() && host.find_first_of("\"\\$#") == std::string_view::npos;
}

// An ssh key is elsewhere: the user alone is no secret. Without a host that makes sense, a password
// may have ended it: "alice:ge/heim@host".
bool NamesLogin(std::string_view flake) {
  const std::string scheme = http::UrlScheme(flake);
  if (scheme.empty()) return false;
  std::string_view authority = flake.substr(scheme.size() + 3);
  authority = authority.substr(0, authority.find_first_of("/?"));
  const size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return http::PublicUrl(flake) == scheme + "://…";
  return !scheme.ends_with("ssh") || authority.substr(0, at).find(':') != std::string_view::npos;
}

constexpr const char* kResult = "result";  // as nixos-rebuild calls it, in the folder it runs in

Invocation BuildFlake(const FlakeTarget& target, const BuildSettings& settings,
                      const std::filesystem::path& folder) {
  const std::string link = (folder / kResult).string();
  switch (settings.builder) {
    case Builder::kNh:
      // It asks Nix for features itself, and refuses where these are not turned on.
      return {.argv = WithFlakes({"nh", "os", "build", target.flake, "--hostname", target.host,
                                  "--out-link", link, "--no-nom", "--bypass-root-check", "--"},
                                 {"--no-write-lock-file"}),
              .deadline = settings.deadline,
              .folder = folder,
              .environment = {"NH_NO_CHECKS=true"}};
    case Builder::kNixosRebuild:
      // Without that it builds the new system's nixos-rebuild first, and starts over with it.
      return {.argv = {"nixos-rebuild", "build", "--flake", target.flake + "#" + target.host,
                       "--no-write-lock-file"},
              .deadline = settings.deadline,
              .folder = folder,
              .environment = {"_NIXOS_REBUILD_REEXEC=1"}};
    case Builder::kNix:
      break;
  }
  return {
      .argv = WithFlakes({"nix", "build"}, {"--no-write-lock-file", "--out-link", link, "--",
                                            target.flake + "#nixosConfigurations.\"" + target.host +
                                                "\".config.system.build.toplevel"}),
      .deadline = settings.deadline};
}

Invocation BuildChannel(const ChannelTarget& target, const BuildSettings& settings,
                        const std::filesystem::path& folder) {
  const std::string nix_path = "NIX_PATH=" + target.nix_path;
  if (settings.builder == Builder::kNixosRebuild) {
    // A flake.nix in /etc/nixos would be built instead.
    return {.argv = {"nixos-rebuild", "build", "--no-flake"},
            .deadline = settings.deadline,
            .folder = folder,
            .environment = {nix_path, "_NIXOS_REBUILD_REEXEC=1"}};
  }
  return {.argv = {"nix-build", "<nixpkgs/nixos>", "--attr", "system", "--out-link",
                   (folder / kResult).string()},
          .deadline = settings.deadline,
          .environment = {nix_path}};
}

// The messages are those of the C library, and of the database that Nix keeps.
bool TellsOfFullDisk(std::string_view message) {
  return message.find("No space left on device") != std::string_view::npos ||
         message.find("database or disk is full") != std::string_view::npos;
}

Error BuildError(const Error& error) {
  if (error.code == ErrorCode::kDeadline) {
    return {error.code, error.message +
                            "; a longer deadline can be set, or the system be built on another "
                            "machine and copied here"};
  }
  if (TellsOfFullDisk(error.message)) {
    return {error.code, "the disk is full (nix-collect-garbage makes room): " + error.message};
  }
  return error;
}

Result<System> BuildIn(const std::filesystem::path& folder, const Programs& builders,
                       const Programs& keepers, const BuildSettings& settings,
                       std::stop_token stop) {
  const auto* flake = std::get_if<FlakeTarget>(&settings.target);
  const Result<std::string> built = builders.Run(
      flake != nullptr ? BuildFlake(*flake, settings, folder)
                       : BuildChannel(std::get<ChannelTarget>(settings.target), settings, folder),
      stop);
  if (!built) return Fail(BuildError(built.error()));
  std::error_code error;
  if (!std::filesystem::is_symlink(folder / kResult, error)) {
    return Fail(ErrorCode::kIo, "it ended well, but left no link to what it built");
  }
  MATIC_ASSIGN(System system, ReadSystem(folder / kResult));
  MATIC_TRY(CheckActivatable(system));
  MATIC_TRY(KeepInStore(keepers, system.path, settings.out_link, std::move(stop)));
  return system;
}

// "build /etc/nixos#web"
Result<std::string> Describe(const BuildSettings& settings) {
  if (const auto* flake = std::get_if<FlakeTarget>(&settings.target)) {
    return "build " + Shown(*flake);
  }
  if (settings.builder == Builder::kNh) {
    return Fail(ErrorCode::kInvalidArgument,
                "build <nixpkgs/nixos>: nh is for flakes; a channel is built with nix or "
                "nixos-rebuild");
  }
  return std::string("build <nixpkgs/nixos>");
}

}  // namespace

Result<FlakeTarget> ParseFlakeTarget(std::string_view text, std::string_view host_name) {
  const size_t hash = text.find('#');
  const std::string_view flake = text.substr(0, hash);
  const std::string_view host = hash == std::string_view::npos ? host_name : text.substr(hash + 1);
  // At a NUL the kernel would end the argument, and another flake be built than was asked for.
  const bool printable = std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
  if (flake.empty() || flake[0] == '-' || !printable || !IsHostName(host)) {
    return Fail(ErrorCode::kInvalidArgument,
                "\"" + (printable ? http::PublicUrl(text) : "…") +
                    "\" is no flake; it is written FLAKE#HOST, such as "
                    "/etc/nixos#web for its nixosConfigurations.web");
  }
  if (NamesLogin(flake)) {
    return Fail(ErrorCode::kInvalidArgument,
                "\"" + http::PublicUrl(text) +
                    "\" has a user or a password in it, which all programs of this machine could "
                    "see; Nix takes them from a file (netrc-file in nix.conf, or access-tokens)");
  }
  return FlakeTarget{.flake = std::string(flake), .host = std::string(host)};
}

std::string Shown(const FlakeTarget& target) {
  return http::PublicUrl(target.flake) + "#" + target.host;
}

std::optional<std::filesystem::path> FolderOf(const FlakeTarget& target) {
  std::string_view path = target.flake;
  for (const std::string_view scheme : {"path:", "git+file:"}) {
    if (!path.starts_with(scheme)) continue;
    path.remove_prefix(scheme.size());
    if (path.starts_with("//")) path.remove_prefix(2);
    break;
  }
  path = path.substr(0, path.find('?'));
  if (!path.starts_with('/')) return std::nullopt;
  return std::filesystem::path(path);
}

Result<System> BuildSystem(const Programs& programs, const TreePrograms& tree,
                           const BuildSettings& settings, std::stop_token stop) {
  MATIC_ASSIGN(const std::string what, Describe(settings));
  MATIC_ASSIGN(const OwnedFolder folder, tree.MakeFolder());
  Result<System> system =
      BuildIn(folder.path(), tree.programs(), programs, settings, std::move(stop));
  if (!system) return Fail(system.error().Context(what));
  return system;
}

Result<System> BuildSystem(const Programs& programs, const BuildSettings& settings,
                           std::stop_token stop) {
  MATIC_ASSIGN(const std::string what, Describe(settings));
  MATIC_ASSIGN(const OwnedFolder folder,
               OwnedFolder::Make(settings.out_link.parent_path(), std::nullopt));
  Result<System> system = BuildIn(folder.path(), programs, programs, settings, std::move(stop));
  if (!system) return Fail(system.error().Context(what));
  return system;
}

}  // namespace matic::nixos

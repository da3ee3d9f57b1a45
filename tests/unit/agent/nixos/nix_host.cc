#include "tests/unit/agent/nixos/nix_host.h"

#include <fstream>

#include "lib/os/clean_environment.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

// As far as files go, what nixpkgs' top-level.nix makes.
constexpr const char* kToplevel = R"({ version, extra ? "" }:
derivation {
  name = "nixos-system-web-${version}";
  system = builtins.currentSystem or "x86_64-linux";
  builder = "/bin/sh";
  PATH = "/usr/bin:/bin";
  inherit version;
  args = [ "-c" ''
    mkdir -p $out/bin
    printf %s $version > $out/nixos-version
    printf '#!/bin/sh\necho $1 $0 >> "$ACTIVATIONS"\n' > $out/bin/switch-to-configuration
    chmod +x $out/bin/switch-to-configuration
    ${extra}
  '' ];
})";

std::vector<std::string> Environment(const fs::path& folder) {
  std::vector<std::string> environment = CleanEnvironment();
  std::erase(environment, "HOME=/");
  const std::string nix = (folder / "nix").string();
  for (const std::string& variable :
       {"HOME=" + (folder / "home").string(), "NIX_STORE_DIR=" + nix + "/store",
        "NIX_STATE_DIR=" + nix + "/var", "NIX_LOG_DIR=" + nix + "/log",
        "NIX_CONF_DIR=" + nix + "/etc", "NIX_LOCALSTATE_DIR=" + nix + "/var",
        std::string("NIX_CONFIG=build-users-group =\nsandbox = false\nsubstitute = false\n"
                    "fsync-metadata = false\nexperimental-features =\nflake-registry =\n"),
        std::string("GIT_CONFIG_NOSYSTEM=1"), std::string("GIT_AUTHOR_NAME=A Person"),
        std::string("GIT_AUTHOR_EMAIL=person@example.org"),
        std::string("GIT_COMMITTER_NAME=A Person"),
        std::string("GIT_COMMITTER_EMAIL=person@example.org")}) {
    environment.push_back(variable);
  }
  return environment;
}

}  // namespace

DeletableFolder::~DeletableFolder() {
  std::error_code ignored;
  for (fs::recursive_directory_iterator entry(folder_.path(), ignored), end; entry != end;
       entry.increment(ignored)) {
    if (!entry->is_directory(ignored) || entry->is_symlink(ignored)) continue;
    fs::permissions(entry->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
  }
}

NixHost::NixHost()
    : environment_(Environment(folder_.path())), programs_(processes_, environment_) {
  for (const char* name : {"home", "nix/store", "profiles", "config"}) {
    fs::create_directories(folder_ / name);
  }
  Write("config/toplevel.nix", kToplevel);
}

fs::path NixHost::Write(const std::string& name, const std::string& content) {
  const fs::path path = folder_ / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path) << content;
  return path;
}

std::string NixHost::WriteFlake(const std::string& version) {
  Write("config/flake.nix", R"({
  outputs = { self }:
    let
      host = toplevel: { config.system.build = { inherit toplevel; }; };
      build = name: script: host (derivation {
        inherit name;
        system = "x86_64-linux";
        builder = "/bin/sh";
        PATH = "/usr/bin:/bin";
        args = [ "-c" script ];
      });
    in {
      nixosConfigurations = {
        web = host (import ./toplevel.nix { version = ")" +
                                version + R"("; });
        broken = build "broken" "echo compiling; echo foo.h: no such header >&2; exit 1";
        endless = build "endless" "touch )" +
                                (folder_ / "begun").string() + R"(; sleep 1000";
        empty = build "empty" "mkdir $out";
        greedy = build "greedy" "head -c 100000 /dev/zero > /dev/full";
        fixed = host (import ./toplevel.nix { version = "fixed"; extra = "rm -r $out/bin"; });
      };
    };
})");
  return (folder_ / "config").string();
}

std::string NixHost::Do(const std::vector<std::string>& argv, const fs::path& folder) {
  const Result<std::string> output = programs_.Run(
      {.argv = argv, .deadline = std::chrono::minutes(1), .folder = folder}, std::stop_token());
  EXPECT_TRUE(output) << (output ? "" : output.error().message);
  return output.value_or("");
}

fs::path NixHost::MakeSystem(const std::string& version) {
  const fs::path link = folder_ / ("system-" + version);
  Do({"nix-build", (folder_ / "config/toplevel.nix").string(), "--argstr", "version", version,
      "--out-link", link.string()});
  return fs::read_symlink(link);
}

}  // namespace matic::nixos

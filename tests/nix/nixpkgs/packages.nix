# Packages that are this machine's own programs, and derivations that its /bin/sh builds.
{ lib, programs }:

let
  here = name: {
    type = "derivation";
    inherit name;
    outPath = "/usr";
  };
in
lib.genAttrs [
  "bash"
  "coreutils"
  "git"
  "gnutar"
  "grub2"
  "gzip"
  "jq"
  "logrotate"
  "nix"
  "openssh"
  "systemd"
  "util-linux"
  "xz"
] here
// {
  matic = here "matic" // {
    outPath = programs;
  };

  stdenv.buildPlatform.canExecute = _: true;
  stdenv.hostPlatform = { };

  writeText = builtins.toFile;

  runCommand =
    name: attributes: script:
    derivation (
      removeAttrs attributes [ "nativeBuildInputs" ]
      // {
        inherit name;
        system = builtins.currentSystem;
        builder = "/bin/sh";
        args = [
          "-euc"
          ''
            PATH=${
              builtins.concatStringsSep ":" (map (package: "${package}/bin") attributes.nativeBuildInputs)
            }:/usr/bin:/bin
            ${script}''
        ];
      }
    );
}

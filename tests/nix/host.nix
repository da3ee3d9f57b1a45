# A host with the modules: its configuration, and what a test asks of it.
{
  programs, # the folder whose bin/ holds matic-agent and osctl
  services,
  machine ? { },
}:

let
  lib = import ./nixpkgs/lib.nix;
  pkgs = import ./nixpkgs/packages.nix { inherit lib programs; };
  evaluated = lib.evalModules {
    arguments = { inherit pkgs; };
    modules = [
      ./nixpkgs/nixos.nix
      ../../nix/modules/agent.nix
      ../../nix/modules/fleet.nix
      { config = machine; }
      { config.services = services; }
    ];
  };
  inherit (evaluated) config;

  text = value: if value ? _type then value.text else builtins.toJSON value;
in
{
  services = builtins.mapAttrs (_: unit: removeAttrs unit [ "reloadTriggers" ]) config.systemd.services;
  inherit (config.systemd) timers tmpfiles;
  inherit (config) users networking;
  refused = map (one: one.message) (builtins.filter (one: !one.assertion) config.assertions);
  etc = builtins.mapAttrs (_: file: file.text) config.environment.etc;
  agent = import ../../nix/modules/agent/settings.nix {
    inherit lib;
    efiMountPoint = config.boot.loader.efi.efiSysMountPoint or "/boot";
    cfg = config.services.matic-agent;
  };

  # Built: what is at /etc/matic/NAME.
  file = name: config.environment.etc."matic/${name}".source;

  options = map (option: {
    name = builtins.concatStringsSep "." option.here;
    type = option.type.description;
    inherit (option) description;
    default = if option ? defaultText then text option.defaultText else if option ? default then text option.default else null;
    example = if option ? example then text option.example else null;
  }) (builtins.filter (option: builtins.elemAt option.here 0 == "services") evaluated.list);
}

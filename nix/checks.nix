# Hosts with the modules, evaluated by the real NixOS; building a check has the programs read what the
# modules wrote for them.
{
  nixpkgs,
  system,
  modules,
  package,
}:

let
  host =
    services:
    (nixpkgs.lib.nixosSystem {
      inherit system;
      modules = [
        modules.default
        {
          inherit services;
          system.stateVersion = nixpkgs.lib.trivial.release;
          fileSystems."/".device = "/dev/vda";
          boot.loader.systemd-boot.enable = true;
        }
      ];
    }).config;

  file = name: services: (host services).environment.etc."matic/${name}".source;
  units = services: (host services).system.build.etc;

  everything = {
    enable = true;
    flake = "/srv/nixos#web";
    mode = "boot";
    updateInputs = [ "nixpkgs" ];
    hostCanCommitConfig = true;
    preUpdateHooks = [
      { unit = "backup.service"; }
      {
        command = [ "/run/current-system/sw/bin/true" ];
        level = "wanted";
      }
    ];
    preUpdateScript = "true";
    postUpdateScript = "true";
    rollbackScript = "true";
    healthChecks.service.units = [ "matic-agent.service" ];
    goldenAfter = "3d";
    logs.destination = "file";
    openFirewall = true;
    settings.log.level = "debug";
  };
in
{
  inherit package;
  agent-defaults = file "agent.yaml" { matic-agent.enable = true; };
  agent-everything = file "agent.yaml" { matic-agent = everything; };
  agent-units = units { matic-agent = everything; };
  fleet = file "fleet.yaml" {
    matic-fleet = {
      enable = true;
      settings.machines.web-1.host = "web-1.example.com";
      groups.web.machines = [ "web-1" ];
    };
  };
}

# services.matic-agent: the agent on a NixOS host, and the timer that updates the host with it.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.services.matic-agent;
  logs = import ./agent/logs.nix { inherit lib pkgs cfg; };
  checkedFile = import ./checked-file.nix { inherit lib pkgs; };

  agentYaml = checkedFile {
    name = "agent.yaml";
    value = import ./agent/settings.nix {
      inherit lib cfg;
      efiMountPoint = config.boot.loader.efi.efiSysMountPoint or "/boot";
    };
    programs = [ cfg.package ];
    check = ''matic-agent --check-config --config "$file"'';
  };

  # "path:/srv/config?dir=hosts#web" lies in /srv/config.
  folderOf =
    flake:
    let
      found = builtins.match "(path:|git[+]file://)?(/[^?#]*)([?#].*)?" flake;
    in
    if found == null then "/etc/nixos" else builtins.elemAt found 1;
in
{
  options.services.matic-agent = import ./agent/options.nix { inherit config lib pkgs; };

  config = lib.mkIf cfg.enable {
    services.matic-agent.configurationPaths = lib.mkDefault [
      (if cfg.flake == null then "/etc/nixos" else folderOf cfg.flake)
    ];

    assertions = [
      {
        assertion = cfg.flake != null || cfg.nixPath != null;
        message = "services.matic-agent: a host without a `flake` needs `nixPath`.";
      }
      {
        assertion = (cfg.builder == "channel") == (cfg.flake == null);
        message = "services.matic-agent: `builder = \"channel\"` goes with `flake = null`, and the other builders with a flake.";
      }
      {
        assertion = lib.all (hook: (hook.unit == null) != (hook.command == null)) cfg.preUpdateHooks;
        message = "services.matic-agent.preUpdateHooks: each needs either `unit` or `command`.";
      }
      {
        assertion = !(config.system.autoUpgrade.enable or false);
        message = "services.matic-agent and system.autoUpgrade would both update this host: turn one of them off.";
      }
    ];

    environment.etc = {
      "matic/agent.yaml".source = agentYaml;
    }
    // logs.etc;
    environment.systemPackages = [ cfg.package ];

    users.groups = {
      ${cfg.group} = { };
      ${cfg.readerGroup} = { };
    };

    systemd.tmpfiles.rules = [
      "d /run/matic 0755 root root -"
      # The first switch after a start makes it, and the agent's sandbox takes what is there then.
      "d /run/nixos 0755 root root -"
      "d /var/lib/matic 0750 root root -"
    ]
    ++ logs.tmpfiles;

    systemd.services =
      import ./agent/units.nix {
        inherit
          config
          lib
          pkgs
          cfg
          logs
          ;
      }
      // logs.services;

    systemd.timers =
      lib.optionalAttrs (cfg.schedule != [ ]) {
        matic-update = {
          description = "Update this host from its configuration";
          documentation = [ "man:osctl(1)" ];
          wantedBy = [ "timers.target" ];
          timerConfig = {
            OnCalendar = cfg.schedule;
            RandomizedDelaySec = cfg.randomizedDelay;
            AccuracySec = cfg.accuracy;
            Persistent = cfg.persistent;
          };
        };
      }
      // logs.timers;

    networking.firewall.allowedTCPPorts = lib.mkIf (cfg.openFirewall && cfg.listenAddress != null) [
      cfg.port
    ];
  };
}

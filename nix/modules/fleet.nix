# services.matic-fleet: a controller, which updates many machines on a schedule.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib)
    literalExpression
    mkEnableOption
    mkOption
    types
    ;
  cfg = config.services.matic-fleet;
  json = (import ./json-type.nix { inherit lib; }).attributes;
  checkedFile = import ./checked-file.nix { inherit lib pkgs; };
  ownUser = "matic-fleet";

  fleetYaml = checkedFile {
    name = "fleet.yaml";
    value = lib.recursiveUpdate (lib.optionalAttrs (cfg.groups != { }) { inherit (cfg) groups; }) cfg.settings;
    programs = [ cfg.package ];
    check = lib.optionalString cfg.check ''osctl fleet check "$file"'';
  };
in
{
  options.services.matic-fleet = {
    enable = mkEnableOption "a controller that updates other machines";

    package = mkOption {
      type = types.package;
      default = pkgs.matic;
      defaultText = literalExpression "pkgs.matic";
      description = "The package with `osctl`.";
    };

    schedule = mkOption {
      type = types.coercedTo types.str (one: [ one ]) (types.listOf types.str);
      default = "02:00";
      example = "Sun 03:00";
      description = "When the fleet is updated, as `OnCalendar=` of systemd takes it. `[ ]`: when somebody asks for it.";
    };

    randomizedDelay = mkOption {
      type = types.str;
      default = "0";
      description = "A run begins later than `schedule` by up to this.";
    };

    persistent = mkOption {
      type = types.bool;
      default = true;
      description = "Whether a run that was missed while the controller was off is made up for.";
    };

    runTimeout = mkOption {
      type = types.str;
      default = "2h";
      description = "A run that takes longer is stopped.";
    };

    arguments = mkOption {
      type = types.listOf types.str;
      default = [
        "fleet"
        "run"
      ];
      example = [
        "fleet"
        "run"
        "--group"
        "web"
      ];
      description = "What `osctl` is called with on `schedule`.";
    };

    user = mkOption {
      type = types.str;
      default = ownUser;
      description = "Who runs it: whose certificates and ssh keys are used. The default is made; any other must be there.";
    };

    groups = mkOption {
      type = types.attrsOf json;
      default = { };
      example = {
        web = {
          machines = [
            "web-1"
            "web-2"
          ];
          parallel = 1;
        };
      };
      description = "`groups` of fleet.yaml.";
    };

    settings = mkOption {
      type = json;
      default = { };
      example = {
        machines.web-1.host = "web-1.example.com";
      };
      description = "Any other key of fleet.yaml. It wins over `groups`.";
    };

    check = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether `osctl` must find nothing wrong with fleet.yaml when the system is built
        (`fleet check`). For a `package` whose `osctl` drives fleets.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    environment.etc."matic/fleet.yaml".source = fleetYaml;
    environment.systemPackages = [ cfg.package ];

    users.users = lib.optionalAttrs (cfg.user == ownUser) {
      ${ownUser} = {
        isSystemUser = true;
        group = ownUser;
        home = "/var/lib/matic-fleet";
      };
    };
    users.groups = lib.optionalAttrs (cfg.user == ownUser) { ${ownUser} = { }; };

    systemd.services.matic-fleet = {
      description = "Update the machines of a fleet";
      documentation = [ "man:osctl(1)" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      # A run may update the controller itself, last.
      restartIfChanged = false;
      unitConfig.X-StopOnRemoval = false;
      path = [ pkgs.openssh ];
      serviceConfig = {
        Type = "oneshot";
        User = cfg.user;
        ExecStart = lib.escapeShellArgs ([ "${cfg.package}/bin/osctl" ] ++ cfg.arguments);
        TimeoutStartSec = cfg.runTimeout;
        StateDirectory = "matic-fleet";
        StateDirectoryMode = "0700";
        ProtectSystem = "strict";
        PrivateTmp = true;
        NoNewPrivileges = true;
      };
    };

    systemd.timers = lib.optionalAttrs (cfg.schedule != [ ]) {
      matic-fleet = {
        description = "Update the machines of a fleet on a schedule";
        wantedBy = [ "timers.target" ];
        timerConfig = {
          OnCalendar = cfg.schedule;
          RandomizedDelaySec = cfg.randomizedDelay;
          AccuracySec = "1min";
          Persistent = cfg.persistent;
        };
      };
    };
  };
}

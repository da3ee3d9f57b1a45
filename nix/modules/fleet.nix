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
  spans = import ./spans.nix { inherit lib; };
  ownUser = "matic-fleet";
  home = "/var/lib/matic-fleet";
  journals = "${home}/.local/state/matic/fleet";
  runLimit = spans.toSeconds cfg.runTimeout;

  # What is common to a schedule of its own and to the one that all have.
  scheduleOptions = {
    schedule = mkOption {
      type = types.coercedTo types.str (one: [ one ]) (types.listOf types.str);
      default = "02:00";
      example = "Sun 03:00";
      description = "When `arguments` are run, as `OnCalendar=` of systemd takes it. `[ ]`: when somebody asks for it.";
    };

    randomizedDelay = mkOption {
      type = types.str;
      default = "0";
      description = "It begins later than `schedule` by up to this.";
    };

    accuracy = mkOption {
      type = types.str;
      default = "1min";
      description = "How exactly systemd keeps to the time: `AccuracySec=` of the timer.";
    };

    persistent = mkOption {
      type = types.bool;
      default = true;
      description = "Whether what was missed while the controller was off is made up for.";
    };

    arguments = mkOption {
      type = types.listOf types.str;
      default = [
        "fleet"
        "run"
        "--wait"
        "2h"
      ];
      example = [
        "fleet"
        "run"
        "--wait"
        "2h"
        "--group"
        "web"
      ];
      description = "What `osctl` is called with on `schedule`.";
    };
  };

  # Not oneshot: a run that is made up for at the start of the host must not keep that from being
  # over, since agents may wait for it.
  serviceOf = description: arguments: {
    inherit description;
    documentation = [ "man:osctl-fleet(8)" ];
    wants = [ "network-online.target" ];
    after = [ "network-online.target" ];
    # A run may update the controller itself, last.
    restartIfChanged = false;
    unitConfig.X-StopOnRemoval = false;
    path = [
      pkgs.openssh
      pkgs.git
      config.nix.package
    ];
    serviceConfig = {
      Type = "exec";
      User = cfg.user;
      ExecStart = lib.escapeShellArgs ([ "${cfg.package}/bin/osctl" ] ++ arguments);
      # A run ends by itself; this is for one that does not.
      RuntimeMaxSec = toString (3 * runLimit);
      TimeoutStopSec = "30";
      SuccessExitStatus = "SIGTERM";
      SyslogIdentifier = "osctl-fleet";
      StateDirectory = "matic-fleet";
      StateDirectoryMode = "0700";
      UMask = "0077";
      ProtectSystem = "strict";
      ReadWritePaths = map (path: "-${path}") cfg.writablePaths;
      PrivateTmp = true;
      PrivateDevices = true;
      ProtectKernelModules = true;
      ProtectKernelTunables = true;
      ProtectKernelLogs = true;
      ProtectControlGroups = true;
      ProtectClock = true;
      ProtectHostname = true;
      RestrictRealtime = true;
      RestrictSUIDSGID = true;
      LockPersonality = true;
      NoNewPrivileges = true;
      CapabilityBoundingSet = "";
    };
  };

  timerOf = description: timer: {
    inherit description;
    wantedBy = [ "timers.target" ];
    timerConfig = {
      OnCalendar = timer.schedule;
      RandomizedDelaySec = timer.randomizedDelay;
      AccuracySec = timer.accuracy;
      Persistent = timer.persistent;
    };
  };

  # The one without a name, and the named ones.
  all = {
    matic-fleet = cfg;
  }
  // builtins.listToAttrs (
    map (name: {
      name = "matic-fleet-${name}";
      value = cfg.timers.${name};
    }) (builtins.attrNames cfg.timers)
  );
  scheduled = removeAttrs all (
    builtins.filter (name: all.${name}.schedule == [ ]) (builtins.attrNames all)
  );

  fleetYaml = checkedFile {
    name = "fleet.yaml";
    value = lib.recursiveUpdate (
      { settings.runLimit = runLimit; } // lib.optionalAttrs (cfg.groups != { }) { inherit (cfg) groups; }
    ) cfg.settings;
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

    timers = mkOption {
      type = types.attrsOf (types.submodule { options = scheduleOptions; });
      default = { };
      example = {
        everything.schedule = "Sun 02:00";
        health-check = {
          schedule = "05:00";
          arguments = [
            "fleet"
            "health-check"
          ];
        };
      };
      description = "Further schedules, each with a timer of its own (`matic-fleet-NAME.timer`). Runs take turns.";
    };

    resumeAtBoot = mkOption {
      type = types.bool;
      default = true;
      description = "Whether a run that was left when the controller went down is gone on with when it is up again.";
    };

    runTimeout = mkOption {
      type = spans.type;
      default = "2h";
      description = "Nothing of a run begins later than this (`settings.runLimit` of fleet.yaml). A unit that takes three times as long is stopped.";
    };

    writablePaths = mkOption {
      type = types.listOf types.str;
      default = [ "/var/lib/prometheus-node-exporter" ];
      description = "What the sandbox lets runs and their scripts write to besides their own folder, where it is there: the folder of `metrics.textfile`.";
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
      default = true;
      description = ''
        Whether `osctl` must find nothing wrong with fleet.yaml when the system is built
        (`fleet check`). Without it a program that lists machines (`inventory.exec`) need not be there.
      '';
    };
  }
  // scheduleOptions;

  config = lib.mkIf cfg.enable {
    environment.etc."matic/fleet.yaml".source = fleetYaml;
    environment.systemPackages = [ cfg.package ];

    users.users = lib.optionalAttrs (cfg.user == ownUser) {
      ${ownUser} = {
        isSystemUser = true;
        group = ownUser;
        # The controller may be one of its fleet's machines.
        extraGroups = lib.optional (config.services.matic-agent.enable or false) config.services.matic-agent.group;
        inherit home;
      };
    };
    users.groups = lib.optionalAttrs (cfg.user == ownUser) { ${ownUser} = { }; };

    systemd.services =
      builtins.mapAttrs (
        _: timer: serviceOf "Update the machines of a fleet" timer.arguments
      ) all
      // lib.optionalAttrs cfg.resumeAtBoot {
        matic-fleet-resume =
          let
            unit = serviceOf "Go on with a run of a fleet that was left" [
              "fleet"
              "run"
              "--resume"
              "--wait"
              "2h"
            ];
          in
          unit
          // {
            wantedBy = [ "multi-user.target" ];
            after = unit.after ++ [ "matic-agent.service" ];
            # What was left comes first.
            before = map (name: "${name}.service") (builtins.attrNames all);
            unitConfig = unit.unitConfig // lib.optionalAttrs (cfg.user == ownUser) {
              ConditionPathIsDirectory = journals;
            };
          };
      };

    systemd.timers = builtins.mapAttrs (_: timerOf "Update the machines of a fleet on a schedule") scheduled;
  };
}

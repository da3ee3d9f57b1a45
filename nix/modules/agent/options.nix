# What can be said of the agent of a NixOS host. docs/reference/nixos-module.md is made from this.
{ config, lib, pkgs }:

let
  inherit (lib)
    literalExpression
    mkEnableOption
    mkOption
    types
    ;
  spans = import ../spans.nix { inherit lib; };
  json = (import ../json-type.nix { inherit lib; }).attributes;

  hook = types.submodule {
    options = {
      unit = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "backup.service";
        description = "The systemd unit that is started. Either this or `command`.";
      };
      command = mkOption {
        type = types.nullOr (types.listOf (types.either types.path types.str));
        default = null;
        example = literalExpression ''[ "''${pkgs.chezmoi}/bin/chezmoi" "apply" ]'';
        description = ''
          Program and arguments, without a shell. It runs inside the agent's unit, with what that
          may do: what needs more is a unit.
        '';
      };
      level = mkOption {
        type = types.enum [
          "required"
          "wanted"
        ];
        default = "required";
        description = "A `required` hook that fails stops the update; a `wanted` one does not.";
      };
    };
  };

  script =
    what:
    mkOption {
      type = types.nullOr types.lines;
      default = null;
      example = "logger -t update \"$MATIC_SCHEDULE_ID\"";
      description = ''
        A shell script that is run ${what}, as root, in a unit of its own, with the variables that
        hooks get.
      '';
    };
in
{
  enable = mkEnableOption "the Matic update agent, which updates this host from its configuration";

  package = mkOption {
    type = types.package;
    default = pkgs.matic;
    defaultText = literalExpression "pkgs.matic";
    description = "The package with `matic-agent` and `osctl`.";
  };

  schedule = mkOption {
    type = types.coercedTo types.str (one: [ one ]) (types.listOf types.str);
    default = "02:00";
    example = [
      "Mon..Fri 02:00"
      "Sat 06:00"
    ];
    description = ''
      When the host is updated, as `OnCalendar=` of systemd takes it. `[ ]`: never by itself; an
      update is started with `osctl schedule update`, or by a controller.
    '';
  };

  randomizedDelay = mkOption {
    type = types.str;
    default = "30m";
    example = "2h";
    description = "An update begins later than `schedule` by up to this, differently each time.";
  };

  accuracy = mkOption {
    type = types.str;
    default = "1min";
    description = "How exactly systemd keeps to the time: `AccuracySec=` of the timer.";
  };

  persistent = mkOption {
    type = types.bool;
    default = true;
    description = "Whether an update that was missed while the host was off is made up for.";
  };

  autoReboot = mkOption {
    type = types.bool;
    default = true;
    description = ''
      Whether the agent reboots the host where an update needs it. Without it such an update waits,
      built, until somebody lets it go on: `osctl schedule activate`.
    '';
  };

  rebootDelay = mkOption {
    type = spans.type;
    default = "2m";
    description = "How long users are told of a reboot before it comes, and can stop it.";
  };

  flake = mkOption {
    type = types.nullOr types.str;
    default = "/etc/nixos";
    example = "/srv/nixos#web";
    description = ''
      The flake of the configuration, with or without `#NAME`; the name is the host's where none is
      given. `null`: no flake but a channel, see `nixPath`.
    '';
  };

  nixPath = mkOption {
    type = types.nullOr types.str;
    default = null;
    example = "nixpkgs=/nix/var/nix/profiles/per-user/root/channels/nixos:nixos-config=/etc/nixos/configuration.nix";
    description = "`NIX_PATH` of a host that is built from a channel: with `flake = null`.";
  };

  configurationPaths = mkOption {
    type = types.listOf types.str;
    defaultText = literalExpression ''[ "/etc/nixos" ]'';
    example = [ "/home/alice/dotfiles" ];
    description = ''
      The folders that the configuration lies in: what the agent's sandbox lets it write to, for
      `git pull`, updated inputs and `hostCanCommitConfig`. Unless this is set, the folder that
      `flake` names; a repository that holds more than the flake must be named here.
    '';
  };

  mode = mkOption {
    type = types.enum [
      "auto"
      "switch"
      "boot"
      "build"
    ];
    default = "auto";
    description = ''
      `switch`: the new system is activated while the host runs. `boot`: it is started once, and
      becomes the default only when it is healthy. `auto`: the former unless a reboot is needed.
      `build`: it is built and not activated.
    '';
  };

  builder = mkOption {
    type = types.enum [
      "nix"
      "nh"
      "nixos-rebuild"
      "channel"
    ];
    default = "nix";
    description = ''
      What builds the system: `nix build`, `nh os build`, `nixos-rebuild build`, or `nix-build` of
      `<nixpkgs/nixos>` with `nixPath`.
    '';
  };

  preUpdateValidation = mkOption {
    type = types.bool;
    default = true;
    description = ''
      Whether `switch-to-configuration check` and a dry activation must pass before anything is
      activated.
    '';
  };

  buildTimeout = mkOption {
    type = spans.type;
    default = "2h";
    example = "8h";
    description = "How long a build may take.";
  };

  activationTimeout = mkOption {
    type = spans.type;
    default = "30m";
    description = "How long an activation may take; it is stopped then, and the system before is activated again.";
  };

  pull = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the configuration is pulled with git before it is built, fast-forward only.";
    };
    remote = mkOption {
      type = types.str;
      default = "origin";
      description = "The remote that is pulled from.";
    };
    branch = mkOption {
      type = types.str;
      default = "main";
      description = "The branch that is pulled.";
    };
    onFailure = mkOption {
      type = types.enum [
        "abort"
        "use-local"
      ];
      default = "abort";
      description = "What a failed fetch means: no update, or an update to what is here.";
    };
  };

  updateInputs = mkOption {
    type = types.either (types.enum [
      "none"
      "all"
    ]) (types.listOf types.str);
    default = "none";
    example = [ "nixpkgs" ];
    description = ''
      The inputs of the flake that are updated before the build. Without `hostCanCommitConfig`
      that counts for this build alone: `flake.lock` is put back.
    '';
  };

  hostCanCommitConfig = mkOption {
    type = types.bool;
    default = false;
    description = ''
      Whether changes of the configuration (`flake.lock`, edits by hand) are committed and pushed
      after an update that was confirmed. Without it a tree with changes is not built.
    '';
  };

  commit = {
    name = mkOption {
      type = types.str;
      default = "matic-agent";
      description = "The author of such commits.";
    };
    email = mkOption {
      type = types.str;
      default = "matic-agent@${config.networking.hostName or "localhost"}";
      defaultText = literalExpression ''"matic-agent@''${config.networking.hostName}"'';
      description = "The author's address.";
    };
  };

  preUpdateHooks = mkOption {
    type = types.listOf hook;
    default = [ ];
    example = literalExpression ''
      [
        { unit = "borgbackup-job-home.service"; }
        { unit = "chezmoi-update.service"; level = "wanted"; }
      ]
    '';
    description = "What is run before an update begins, in this order.";
  };

  preUpdateScript = script "before an update, after `preUpdateHooks`; one that fails stops the update";
  postUpdateScript = script "after an update was confirmed";
  rollbackScript = script "after the host has gone back to the system before";

  hookTimeout = mkOption {
    type = spans.type;
    default = "5m";
    example = "1h";
    description = "How long each hook and each script may take; a backup may need more.";
  };

  healthChecks = mkOption {
    type = json;
    default = { };
    example = {
      service.units = [
        "matic-agent.service"
        "nginx.service"
      ];
      http = [
        {
          name = "shop";
          url = "http://127.0.0.1:8080/health";
        }
      ];
    };
    description = "`health.checks` of agent.yaml: when a new system is good.";
  };

  healthTimeout = mkOption {
    type = spans.type;
    default = "5m";
    description = "For all health checks of a new system together.";
  };

  minUptime = mkOption {
    type = spans.type;
    default = "30m";
    description = "No update begins before the host has been up for so long.";
  };

  maxDiskUse = mkOption {
    type = types.ints.between 0 100;
    default = 90;
    description = ''
      In percent, as `df` shows it: no update begins while the filesystem of `/`, of `/boot` or of the
      ESP is fuller. `0`: however full they are.
    '';
  };

  systemState = mkOption {
    type = types.enum [
      "any"
      "booted"
      "running"
    ];
    default = "running";
    description = ''
      What `systemctl is-system-running` must say for an update to begin. `running`: the start is over
      and no unit has failed; `booted`: units may have failed.
    '';
  };

  goldenAfter = mkOption {
    type = spans.type;
    default = "1d";
    example = "1w";
    description = ''
      How long a confirmed system must have run healthy before it is pinned as the golden one.
      `0`: none ever is.
    '';
  };

  keepGenerations = mkOption {
    type = types.ints.between 10 10000;
    default = 10;
    description = ''
      How many of the newest generations of the system stay. Those that are booted, confirmed or
      golden stay as well.
    '';
  };

  bootLoader = mkOption {
    type = types.enum [
      "auto"
      "systemd-boot"
      "grub"
      "none"
    ];
    default = "auto";
    description = "What starts a system once. `none`: nothing does, see `startWithoutTrial`.";
  };

  startWithoutTrial = mkOption {
    type = types.bool;
    default = false;
    description = ''
      Whether a reboot into a new system goes on where the boot loader cannot start it once: a
      kernel that does not come up then needs a person at the boot menu.
    '';
  };

  group = mkOption {
    type = types.str;
    default = "matic";
    description = "Its members may use the agent's socket: they may do everything.";
  };

  readerGroup = mkOption {
    type = types.str;
    default = "matic-readers";
    description = "Its members may look, through the socket for readers.";
  };

  listenAddress = mkOption {
    type = types.nullOr types.str;
    default = "0.0.0.0";
    example = "[::]";
    description = "The address for controllers, with mutual TLS. `null`: the local sockets alone.";
  };

  port = mkOption {
    type = types.port;
    default = 50051;
    description = "The port at `listenAddress`.";
  };

  openFirewall = mkOption {
    type = types.bool;
    default = false;
    description = "Whether `port` is opened in the firewall.";
  };

  pkiDir = mkOption {
    type = types.str;
    default = "/var/lib/matic/pki";
    description = ''
      The folder with `ca.pem`, `server.pem` and `server.key`. Not in the Nix store, which everybody
      can read.
    '';
  };

  logs = {
    destination = mkOption {
      type = types.enum [
        "namespace"
        "journal"
        "file"
      ];
      default = "namespace";
      description = ''
        Where the log of the agent and of its updates goes: a journal namespace of its own
        (`journalctl --namespace=matic`), the system's journal, whose retention then counts, or
        `/var/log/matic/agent.log`, which is rotated daily.
      '';
    };
    retentionDays = mkOption {
      type = types.ints.positive;
      default = 30;
      description = "How long it is kept, in the first and the last case.";
    };
  };

  resources = {
    memoryMax = mkOption {
      type = types.str;
      default = "2G";
      description = ''
        For the agent and what it runs, the evaluation of the configuration included. Builds are the
        Nix daemon's.
      '';
    };
    cpuQuota = mkOption {
      type = types.str;
      default = "50%";
      description = "The same for processors; 100% is one of them.";
    };
    startTimeout = mkOption {
      type = types.str;
      default = "30m";
      description = "How long the agent's unit may take to start.";
    };
    stopTimeout = mkOption {
      type = types.str;
      default = "5m";
      description = "How long it may take to stop.";
    };
  };

  updateTimeout = mkOption {
    type = types.str;
    default = "infinity";
    example = "6h";
    description = ''
      How long `matic-update.service` waits for the end of an update. The update goes on when it
      stops waiting.
    '';
  };

  nixPackage = mkOption {
    type = types.package;
    default = config.nix.package or pkgs.nix;
    defaultText = literalExpression "config.nix.package";
    description = "The Nix that the agent calls.";
  };

  path = mkOption {
    type = types.listOf types.package;
    default = [ ];
    example = literalExpression "[ pkgs.nh ]";
    description = "Packages that the agent and its hooks find programs in, besides its own.";
  };

  writablePaths = mkOption {
    type = types.listOf types.str;
    default = [ ];
    example = [ "/srv/backup" ];
    description = "Folders that the sandbox lets the agent and the `command`s of hooks write to as well.";
  };

  settings = mkOption {
    type = json;
    default = { };
    example = {
      log.level = "debug";
      maintenance.windows = [ "Sat,Sun 02:00-05:00" ];
    };
    description = ''
      Any key of agent.yaml. It wins over what the other options make of that key, and is checked
      when the system is built.
    '';
  };
}

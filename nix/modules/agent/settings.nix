# What the options become in agent.yaml: the one place that knows both names.
{
  lib,
  cfg,
  efiMountPoint,
}:

let
  inherit (import ../spans.nix { inherit lib; }) toSeconds;

  hookItem =
    hook:
    {
      required = hook.level == "required";
    }
    // (if hook.unit != null then { inherit (hook) unit; } else { command = map toString hook.command; });

  scriptItem =
    script: unit:
    lib.optional (script != null) {
      inherit unit;
      required = true;
    };

  seconds = toSeconds cfg.healthTimeout;

  fromOptions = {
    backend = "nixos";

    nixos =
      {
        inherit (cfg) mode builder;
        validate = cfg.preUpdateValidation;
        update_inputs = cfg.updateInputs;
        build_timeout_seconds = toSeconds cfg.buildTimeout;
        activation_timeout_seconds = toSeconds cfg.activationTimeout;
        golden_after_seconds = toSeconds cfg.goldenAfter;
        keep_generations = cfg.keepGenerations;
        boot_loader = cfg.bootLoader;
        start_without_trial = cfg.startWithoutTrial;
        pull = {
          enabled = cfg.pull.enable;
          inherit (cfg.pull) remote branch;
          on_failure = cfg.pull.onFailure;
        };
        commit = {
          enabled = cfg.hostCanCommitConfig;
          inherit (cfg.commit) name email;
        };
      }
      // lib.optionalAttrs (cfg.flake != null) { inherit (cfg) flake; }
      // lib.optionalAttrs (cfg.nixPath != null) { nix_path = cfg.nixPath; };

    api = {
      socket_group = cfg.group;
      reader_socket_group = cfg.readerGroup;
      listen = lib.optionalString (cfg.listenAddress != null) "${cfg.listenAddress}:${toString cfg.port}";
      pki_dirs = [ cfg.pkiDir ];
    };

    health = {
      timeout_seconds = seconds;
    }
    // lib.optionalAttrs (cfg.healthChecks != { }) { checks = cfg.healthChecks; };
    # The machine's start takes time as well.
    trial_deadline_seconds = lib.max 900 (seconds + 300);

    prechecks = {
      uptime.min_seconds = toSeconds cfg.minUptime;
      disk = {
        max_percent = cfg.maxDiskUse;
        paths = lib.unique [
          "/"
          "/boot"
          efiMountPoint
        ];
      };
      system.state = cfg.systemState;
    };
    maintenance = {
      allow_reboot = cfg.autoReboot;
      reboot_delay_seconds = toSeconds cfg.rebootDelay;
    };

    hooks = {
      deadline_seconds = toSeconds cfg.hookTimeout;
      pre = map hookItem cfg.preUpdateHooks ++ scriptItem cfg.preUpdateScript "matic-pre-update.service";
      post = scriptItem cfg.postUpdateScript "matic-post-update.service";
      rollback = scriptItem cfg.rollbackScript "matic-rollback.service";
    };
  };
in
lib.recursiveUpdate fromOptions cfg.settings

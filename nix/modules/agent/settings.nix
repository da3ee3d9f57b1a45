# What the options become in agent.yaml: the one place that knows both names.
{ lib, cfg }:

let
  inherit (import ../spans.nix { inherit lib; }) toSeconds;

  # A key that is not set stays at the agent's own default.
  unless_null = key: span: lib.optionalAttrs (span != null) { ${key} = toSeconds span; };

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
        auto_reboot = cfg.autoReboot;
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
      // lib.optionalAttrs (cfg.nixPath != null) { nix_path = cfg.nixPath; }
      // unless_null "build_timeout_seconds" cfg.buildTimeout
      // unless_null "golden_after_seconds" cfg.goldenAfter;

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

    prechecks.uptime.min_seconds = toSeconds cfg.minUptime;
    maintenance.reboot_delay_seconds = toSeconds cfg.rebootDelay;

    hooks = {
      deadline_seconds = toSeconds cfg.hookTimeout;
      pre = map hookItem cfg.preUpdateHooks ++ scriptItem cfg.preUpdateScript "matic-pre-update.service";
      post = scriptItem cfg.postUpdateScript "matic-post-update.service";
      rollback = scriptItem cfg.rollbackScript "matic-rollback.service";
    };
  };
in
lib.recursiveUpdate fromOptions cfg.settings

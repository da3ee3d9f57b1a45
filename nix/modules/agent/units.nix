# The units of agent/systemd for a NixOS host.
{
  config,
  lib,
  pkgs,
  cfg,
  logs,
}:

let
  efiMountPoint = config.boot.loader.efi.efiSysMountPoint or "/boot";
  usesGrub = config.boot.loader.grub.enable or false;

  # What the options give as a folder may not be there yet.
  ifThere = path: "-${path}";

  script = text: about: {
    description = about;
    restartIfChanged = false;
    path = [ cfg.package ] ++ cfg.path;
    script = text;
    serviceConfig = {
      Type = "oneshot";
      EnvironmentFile = "-/run/matic/hook.env";
    };
  };
in
{
  matic-agent = {
    description = "Matic update agent";
    documentation = [ "man:matic-agent(8)" ];
    wantedBy = [ "multi-user.target" ];
    # Nothing else has to be up first, least of all the network: a trial must be judged, and be
    # undone, without it.
    after = [
      "dbus.socket"
      "nix-daemon.socket"
    ];
    wants = [
      "dbus.socket"
      "nix-daemon.socket"
    ];
    # An agent that keeps crashing is tried again for ever: a later start may succeed.
    unitConfig.StartLimitIntervalSec = 0;
    # A new system's activation may restart it, and it goes on with that update when it is back. In
    # one step, so that it is never left stopped.
    stopIfChanged = false;
    reloadTriggers = [ config.environment.etc."matic/agent.yaml".source ];

    path = [
      cfg.nixPackage
      pkgs.bash
      pkgs.coreutils
      pkgs.git
      pkgs.gnutar
      pkgs.gzip
      pkgs.openssh
      pkgs.systemd
      pkgs.util-linux
      pkgs.xz
    ]
    ++ lib.optional usesGrub pkgs.grub2
    ++ cfg.path;

    environment = {
      # The daemon builds, outside this unit's sandbox and limits.
      NIX_REMOTE = "daemon";
    };

    serviceConfig = logs.serviceConfig // {
      Type = "notify";
      ExecStart = "${cfg.package}/bin/matic-agent";
      # A configuration that is refused fails the reload, and the agent is not told.
      ExecReload = [
        "${cfg.package}/bin/matic-agent --check-config"
        "${pkgs.coreutils}/bin/kill -HUP $MAINPID"
      ];
      Restart = "always";
      RestartSec = 5;
      WatchdogSec = 60;
      TimeoutStartSec = cfg.resources.startTimeout;
      TimeoutStopSec = cfg.resources.stopTimeout;
      OOMScoreAdjust = -500;
      # An evaluation that takes too much is killed alone, and the agent says so.
      OOMPolicy = "continue";
      MemoryMax = cfg.resources.memoryMax;
      CPUQuota = cfg.resources.cpuQuota;

      StateDirectory = "matic";
      StateDirectoryMode = "0750";
      UMask = "0027";

      # What it may write: the profiles and garbage collector roots, the boot loader's files and
      # variables, the configuration, its own state. Activations run outside, in units of their own.
      ProtectSystem = "strict";
      ReadWritePaths = [
        "/nix/var/nix"
        "/run/matic"
      ]
      ++ map ifThere (
        lib.unique (
          [
            "/boot"
            efiMountPoint
            "/sys/firmware/efi/efivars"
            "/run/nixos"
          ]
          ++ cfg.configurationPaths
          ++ cfg.writablePaths
        )
      );
      PrivateTmp = true;
      # boot loaders are installed onto disks, and look for them.
      DevicePolicy = "closed";
      DeviceAllow = [
        "block-* rw"
        "/dev/mapper/control rw"
      ];
      ProtectKernelModules = true;
      ProtectKernelLogs = true;
      ProtectControlGroups = true;
      ProtectHostname = true;
      RestrictAddressFamilies = [
        "AF_UNIX"
        "AF_INET"
        "AF_INET6"
        "AF_NETLINK"
      ];
      RestrictRealtime = true;
      RestrictSUIDSGID = true;
      LockPersonality = true;
      NoNewPrivileges = true;
      SystemCallArchitectures = "native";
      # Not @system-service alone: programs of the host run in here, such as the installer of its
      # boot loader.
      SystemCallFilter = [
        "~@clock @cpu-emulation @module @obsolete @raw-io @swap"
        # Reading whether the clock is synchronised; without CAP_SYS_TIME nobody can set it.
        "adjtimex clock_adjtime"
      ];
      SystemCallErrorNumber = "EPERM";
      # SETUID, SETGID and KILL: git and nix run as the owner of the configuration.
      # LINUX_IMMUTABLE: variables of the firmware. The rest as on other machines.
      CapabilityBoundingSet = [
        "CAP_CHOWN"
        "CAP_DAC_OVERRIDE"
        "CAP_DAC_READ_SEARCH"
        "CAP_FOWNER"
        "CAP_KILL"
        "CAP_LINUX_IMMUTABLE"
        "CAP_SETGID"
        "CAP_SETUID"
        "CAP_SYS_ADMIN"
        "CAP_SYS_BOOT"
      ];
    };
  };

  # As on other machines (agent/systemd), where the reasons are.
  matic-deadline = {
    description = "Reboot a system on trial that is not confirmed in time";
    documentation = [ "man:matic-agent(8)" ];
    wantedBy = [ "sysinit.target" ];
    # It belongs to a start of the machine, not to what is switched to in the middle of one.
    restartIfChanged = false;
    unitConfig = {
      DefaultDependencies = false;
      StartLimitIntervalSec = 0;
      X-StopOnRemoval = false;
    };
    serviceConfig = {
      Type = "exec";
      ExecStart = "${cfg.package}/bin/matic-deadline --nixos";
      Restart = "on-failure";
      RestartSec = 2;
      OOMScoreAdjust = -1000;
      LimitMEMLOCK = "infinity";
      CapabilityBoundingSet = [
        "CAP_SYS_BOOT"
        "CAP_IPC_LOCK"
        "CAP_SYS_NICE"
        "CAP_SYS_PTRACE"
        "CAP_DAC_READ_SEARCH"
      ];
      RestrictAddressFamilies = "none";
      RestrictNamespaces = true;
      RestrictSUIDSGID = true;
      LockPersonality = true;
      MemoryDenyWriteExecute = true;
      NoNewPrivileges = true;
      SystemCallArchitectures = "native";
      SystemCallFilter = "@system-service reboot";
      SystemCallErrorNumber = "EPERM";
    };
  };

  matic-update = {
    description = "Update from the configuration of this host";
    documentation = [ "man:osctl(1)" ];
    wants = [
      "matic-agent.service"
      "network-online.target"
    ];
    after = [
      "matic-agent.service"
      "network-online.target"
    ];
    # The update that it waits for may be the one that changes it.
    restartIfChanged = false;
    unitConfig.X-StopOnRemoval = false;
    serviceConfig = logs.serviceConfig // {
      Type = "oneshot";
      ExecStart = "${cfg.package}/bin/osctl schedule update --enable-auto-rollback --watch --until-reboot";
      TimeoutStartSec = cfg.updateTimeout;
      # Stopping this unit stops watching; the update goes on (osctl schedule cancel ends it).
      SuccessExitStatus = "SIGTERM";
    };
  };

  matic-update-result = {
    description = "Result of the update that this start belongs to";
    documentation = [ "man:osctl(1)" ];
    wants = [ "matic-agent.service" ];
    after = [ "matic-agent.service" ];
    wantedBy = [ "multi-user.target" ];
    restartIfChanged = false;
    # No oneshot: the host's start would not be over before the trial is, and the trial may wait for
    # the host's start to be over.
    serviceConfig = logs.serviceConfig // {
      Type = "exec";
      ExecStart = "${cfg.package}/bin/osctl schedule result";
      SuccessExitStatus = "SIGTERM";
    };
  };
}
// lib.optionalAttrs (cfg.preUpdateScript != null) {
  matic-pre-update = script cfg.preUpdateScript "Before an update of this host";
}
// lib.optionalAttrs (cfg.postUpdateScript != null) {
  matic-post-update = script cfg.postUpdateScript "After an update of this host";
}
// lib.optionalAttrs (cfg.rollbackScript != null) {
  matic-rollback = script cfg.rollbackScript "After this host has gone back";
}

# Where the agent's log goes, and for how long: attributes for its units, and what these need.
{ lib, pkgs, cfg }:

let
  days = toString cfg.logs.retentionDays;
  file = "/var/log/matic/agent.log";
in
{
  namespace = {
    serviceConfig.LogNamespace = "matic";
    etc."systemd/journald@matic.conf".text = ''
      [Journal]
      Storage=persistent
      MaxRetentionSec=${days}day
    '';
    services = { };
    timers = { };
    tmpfiles = [ ];
  };

  journal = {
    serviceConfig = { };
    etc = { };
    services = { };
    timers = { };
    tmpfiles = [ ];
  };

  file = {
    serviceConfig = {
      StandardOutput = "append:${file}";
      StandardError = "inherit";
    };
    etc."matic/logrotate.conf".text = ''
      ${file} {
        su root root
        daily
        rotate ${days}
        maxage ${days}
        missingok
        notifempty
        compress
        delaycompress
        copytruncate
      }
    '';
    services.matic-logrotate = {
      description = "Rotate the log of the Matic update agent";
      serviceConfig = {
        Type = "oneshot";
        ExecStart = "${pkgs.logrotate}/sbin/logrotate --state /var/log/matic/.rotated /etc/matic/logrotate.conf";
      };
    };
    timers.matic-logrotate = {
      description = "Rotate the log of the Matic update agent once a day";
      wantedBy = [ "timers.target" ];
      timerConfig = {
        OnCalendar = "daily";
        Persistent = true;
      };
    };
    tmpfiles = [ "d /var/log/matic 0750 root ${cfg.group} -" ];
  };
}
.${cfg.logs.destination}

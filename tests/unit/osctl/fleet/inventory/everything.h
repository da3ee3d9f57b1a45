// A fleet.yaml with every key there is.
#pragma once

#include <string>

namespace matic::fleet {

inline constexpr char kEverything[] = R"(
name: homelab
machines:
  web-1: {address: "web-1.lan:6000", tags: [web, edge]}
  web-2: {address: 10.0.0.12, tags: [web]}
  nas:
    host: nas.lan
    user: root
    port: 2222
    target: {flake: /etc/nixos, attribute: nas, mode: boot}
  desk: {self: true}
groups:
  storage:
    machines: [nas]
    updatePolicy: manual-approval
  web:
    tags: [web]
    updatePolicy: aggressive
    maintenanceWindow: [Mon-Fri 22:00-04:00, Sun 02:00-05:00]
    timezone: Europe/Berlin
    allowReboot: false
    dependencies: [storage]
    parallel: 2
    canary: {count: 3, soakTime: 10m}
    staggerDelay: 1h
    maxFailures: 10%
    target: {url: "https://cdn.example.com/os.squashfs", sha256: "SHA"}
    preScript: /etc/matic/drain
    postScript: /etc/matic/fill
    rollbackScript: /etc/matic/tell
  rest: {machines: all, maintenanceWindow: 02:00-05:00, maxFailures: 2}
settings:
  maxParallel: 5
  healthCheckTimeout: 120
  rollbackOnFailure: wave
  rebootDelay: 5m
  reboots: after-all
  onRebootFailure: warn
  skipOffline: true
  machineDeadline: 30m
  runLimit: 4h
  blackoutDates: [2026-12-24..2027-01-02, 2027-05-01]
  timezone: UTC
  notificationChannels: [mail, chat]
notifications:
  channels:
    mail:
      type: email
      min_level: warning
      events: [machine-failed, run-finished]
      host: mail.example.com
      security: tls
      user: fleet
      passwordSecret: /etc/osctl/mail
      from: fleet@example.com
      to: [ops@example.com]
    chat: {type: matrix, homeserver: "https://m.example.com", room: "!a:b", token_secret: matrix}
    pager: {type: command, command: [/usr/bin/page, ops], limit_messages: 3, limit_seconds: 60}
metrics: {textfile: /var/lib/node-exporter/fleet.prom, listen: "127.0.0.1:28052"}
)";

inline std::string Everything() {
  std::string text = kEverything;
  text.replace(text.find("SHA"), 3, std::string(64, 'a'));
  return text;
}

}  // namespace matic::fleet

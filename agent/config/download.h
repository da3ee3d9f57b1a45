// How images and signed documents are fetched: the `download` section of agent.yaml.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/calendar/window.h"

namespace matic::config {

// Secrets are the absolute path of a file, or the name of a systemd credential (lib/os/secret.h).

// A line "Name: value" that requests to one server carry, by https alone.
struct DownloadHeader {
  std::string host;  // "cdn.example.com", or with a port
  std::string secret;

  bool operator==(const DownloadHeader&) const = default;
};

struct DownloadLimit {
  std::optional<calendar::Window> window;  // of maintenance.timezone
  std::optional<uint64_t> rate;            // bytes a second; 0: no limit

  bool operator==(const DownloadLimit&) const = default;
};

// What an update is put together of, where its image has an index.
enum class DeltaChoice {
  kFast,   // what is here, and what takes least time to fetch or make
  kSmall,  // the same, with as few bytes fetched as can be
  kOff,    // the image as it is
};

struct Download {
  std::filesystem::path ca_file;  // PEM; empty: the system's
  bool allow_http = true;
  bool local_redirects = false;  // into networks that are nearer than who sends there
  std::chrono::seconds connect_timeout{30};
  std::chrono::seconds low_speed{60};  // slower than `low_speed_bytes` a second for so long
  uint32_t retries = 5;
  std::chrono::seconds retry_backoff{2};  // before the first retry; doubles with each
  uint64_t buffer_bytes = 8u << 20;
  bool read_back = true;  // what was written, from the disk
  DeltaChoice delta = DeltaChoice::kFast;
  uint64_t low_speed_bytes = 1024;
  std::chrono::seconds document_timeout{120};  // a manifest with its signatures

  std::filesystem::path client_certificate;  // PEM, with what is between it and the authority
  std::string client_key_secret;
  std::string proxy;  // "http://proxy.example.com:3128"; empty: none
  std::string proxy_secret;
  std::vector<std::string> no_proxy;
  std::vector<DownloadHeader> headers;

  // Bytes a second, for all images together; 0: no limit. The first of `limits` whose window is
  // open holds instead.
  uint64_t rate = 0;
  std::vector<DownloadLimit> limits;

  // Where files may be that are named by file:///.
  std::vector<std::filesystem::path> file_dirs = {"/var/lib/matic/incoming", "/media", "/mnt",
                                                  "/run/media"};

  bool operator==(const Download&) const = default;
};

}  // namespace matic::config

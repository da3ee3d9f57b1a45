// How an agent is reached: the `api` section of agent.yaml.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace matic::config {

struct Api {
  std::filesystem::path socket = "/run/matic/agent.sock";
  std::string socket_group = "matic";  // owner of the socket, beside root; may be empty
  // For looking only. Empty: none. Load puts it beside `socket` where no file says.
  std::filesystem::path reader_socket = "/run/matic/reader.sock";
  std::string reader_socket_group = "matic-readers";
  mode_t reader_socket_mode = 0660;
  std::string listen = "0.0.0.0:50051";  // empty: no TCP
  // Folders with ca.pem, server.pem and server.key; the first that has them is used.
  std::vector<std::filesystem::path> pki_dirs = {"/var/lib/matic/pki", "/etc/matic/pki"};
  std::chrono::seconds pki_check{30};  // how often new files are looked for

  bool operator==(const Api&) const = default;
};

}  // namespace matic::config

// http_server.py as a process that lives as long as the object.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "lib/base/unique_fd.h"

namespace matic::http {

class HttpServer {
 public:
  HttpServer();
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string Http(const std::string& path) const;
  std::string Https(const std::string& path) const;
  std::string ca_file() const { return (folder_ / "cert.pem").string(); }

  // The content of /image and its relatives.
  static std::string Content();

 private:
  void Start();
  void ReadPorts(int fd);

  std::filesystem::path folder_;
  UniqueFd lifeline_;
  pid_t process_ = -1;
  int http_port_ = 0;
  int https_port_ = 0;
};

}  // namespace matic::http

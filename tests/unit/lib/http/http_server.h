// http_server.py as a process that lives as long as the object.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "lib/base/unique_fd.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::http {

class HttpServer {
 public:
  HttpServer();
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string Http(const std::string& path) const;
  std::string Https(const std::string& path) const;
  // The same content by another server: another port.
  std::string Other(const std::string& path) const;
  // By one that asks for client.pem.
  std::string Mutual(const std::string& path) const;
  std::string ca_file() const { return File("cert.pem"); }
  // In the server's folder: cert.pem, client.pem, client.key and, signed by nobody that the server
  // knows, stranger.pem and stranger.key.
  std::string File(const std::string& name) const { return (folder_ / name).string(); }

  // Forward proxies; what each was asked for is the body of Http("/proxied").
  std::string Proxy() const;
  std::string ProxyWithLogin() const;  // alice:geheim

  // The content of /image and its relatives.
  static std::string Content();

 private:
  void Start();
  void ReadPorts(int fd);

  const matic::TemporaryFolder folder_;
  UniqueFd lifeline_;
  pid_t process_ = -1;
  int http_port_ = 0;
  int https_port_ = 0;
  int other_port_ = 0;
  int mutual_port_ = 0;
  int proxy_port_ = 0;
  int login_port_ = 0;
};

}  // namespace matic::http

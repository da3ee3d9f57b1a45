#include "tests/unit/lib/http/http_server.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace matic::http {
namespace {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe MakePipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace

HttpServer::HttpServer() { Start(); }

HttpServer::~HttpServer() {
  lifeline_.Reset(-1);
  waitpid(process_, nullptr, 0);
}

void HttpServer::Start() {
  Pipe input = MakePipe();
  Pipe output = MakePipe();
  process_ = fork();
  if (process_ < 0) throw std::runtime_error("fork");
  if (process_ == 0) {
    dup2(input.read.get(), STDIN_FILENO);
    dup2(output.write.get(), STDOUT_FILENO);
    execlp("python3", "python3", "-B", HTTP_SERVER_SCRIPT, folder_.path().c_str(),
           static_cast<char*>(nullptr));
    _exit(127);
  }
  lifeline_ = std::move(input.write);
  output.write.Reset(-1);
  ReadPorts(output.read.get());
}

void HttpServer::ReadPorts(int fd) {
  std::string line;
  for (char c = 0; c != '\n';) {
    if (read(fd, &c, 1) != 1) throw std::runtime_error("http_server.py did not start");
    line += c;
  }
  if (std::sscanf(line.c_str(), "%d %d %d %d %d %d", &http_port_, &https_port_, &other_port_,
                  &mutual_port_, &proxy_port_, &login_port_) != 6) {
    throw std::runtime_error("http_server.py said " + line);
  }
}

std::string HttpServer::Http(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(http_port_) + path;
}

std::string HttpServer::Https(const std::string& path) const {
  return "https://127.0.0.1:" + std::to_string(https_port_) + path;
}

std::string HttpServer::Other(const std::string& path) const {
  return "https://127.0.0.1:" + std::to_string(other_port_) + path;
}

std::string HttpServer::Mutual(const std::string& path) const {
  return "https://127.0.0.1:" + std::to_string(mutual_port_) + path;
}

std::string HttpServer::Proxy() const { return "http://127.0.0.1:" + std::to_string(proxy_port_); }

std::string HttpServer::ProxyWithLogin() const {
  return "http://127.0.0.1:" + std::to_string(login_port_);
}

std::string HttpServer::Content() {
  std::string content(1'000'000, '\0');
  for (size_t i = 0; i < content.size(); ++i) {
    content[i] = static_cast<char>((i * 7 + (i >> 8)) & 255);
  }
  return content;
}

}  // namespace matic::http

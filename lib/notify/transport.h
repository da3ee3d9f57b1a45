// How notifications leave the machine over the network.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/notify/channel.h"

namespace matic::notify {

struct HttpRequest {
  std::string method;  // POST or PUT
  std::string url;     // https; http only to this machine itself. Never followed elsewhere
  std::vector<std::string> headers;
  std::string body;
  std::string ca_file;  // PEM; empty: the system's
  std::chrono::milliseconds deadline{0};
};

struct HttpAnswer {
  int status = 0;
  std::chrono::seconds retry_after{0};  // where the server asks for one, in seconds
  std::string text;                     // the body's first bytes, as they came
};

struct Mail {
  std::string host;
  uint16_t port = 0;
  MailSecurity security = MailSecurity::kStartTls;
  std::string ca_file;
  std::string user;  // empty: no login
  std::string password;
  std::string from;
  std::vector<std::string> to;
  std::vector<std::string> headers;  // complete, but for those that MIME needs; may be folded
  std::string text;                  // UTF-8
  std::chrono::milliseconds deadline{0};
};

// Errors name the server, never a path, a query, a login or what was sent:
//   kInvalidArgument  no URL, a scheme that is not allowed, a CA file that cannot be read
//   kPermission       the server's certificate is not trusted, or it offers no TLS
//   kUnavailable      no connection, a timeout, a mail server that says "later" (4xx)
//   kRefused          a mail server that says no (5xx), or that does not take the login
//   kCancelled        stopped
class Transport {
 public:
  virtual ~Transport() = default;
  // Any answer of the server is an answer.
  virtual Result<HttpAnswer> Send(const HttpRequest& request, std::stop_token stop) = 0;
  // Success means that the server took it for at least one of the recipients.
  virtual Result<> Send(const Mail& mail, std::stop_token stop) = 0;
};

}  // namespace matic::notify

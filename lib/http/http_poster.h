// A small message to a server, and its answer.
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace matic::http {

struct PostRequest {
  std::string url;
  std::vector<std::string> headers = {};  // "Name: value" each
  std::string body;
  size_t kept_bytes = 4096;  // of the answer's body
  // For the whole of it, the connection included. 0: for as long as something goes on arriving.
  std::chrono::milliseconds deadline{0};
};

struct PostAnswer {
  int status = 0;
  std::string body;  // its first bytes, as they came
};

class HttpPoster {
 public:
  virtual ~HttpPoster() = default;

  // Any answer is one, a redirect too: nothing is posted to somebody else than who was named. What
  // an answer has beyond `kept_bytes` is not waited for. An error does not tell whether the server
  // has read the message; its codes are those of HttpClient::Get.
  virtual Result<PostAnswer> Post(const PostRequest& request, std::stop_token stop) = 0;
};

}  // namespace matic::http

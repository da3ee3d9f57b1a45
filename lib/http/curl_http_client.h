// HttpClient and HttpPoster on libcurl.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/replaceable.h"
#include "lib/http/http_client.h"
#include "lib/http/http_poster.h"
#include "lib/http/rate_limiter.h"

namespace matic::http {

// A header that one server gets: "Name: value" in the secret (lib/os/secret.h), over https alone.
// A redirect to another server does not take it along.
struct HostHeader {
  std::string host;  // "cdn.example.com", or with a port where it is not 443
  std::string secret;
};

struct CurlOptions {
  std::string ca_file;                       // PEM; empty: the system's. Also for an https proxy
  bool allow_http = true;                    // false: https only, also behind redirects
  std::chrono::seconds connect_timeout{30};  // name, TCP and TLS together
  // An answer slower than so many bytes a second for this long is given up. Pauses that `rate` asks
  // for do not count.
  std::chrono::seconds low_speed_time{60};
  uint32_t low_speed_bytes = 1024;
  int max_redirects = 5;
  // Whether a redirect may lead from the internet into a private network, or from either onto the
  // local link or this machine. Of a server behind the proxy the proxy decides; one that is there
  // counts as on the internet.
  bool local_redirects = false;

  // Shown to every server that asks for one. PEM, with intermediate certificates behind it.
  std::string client_certificate = {};
  std::string client_key_secret = {};  // the name of a secret: PEM

  std::string proxy = {};         // "http://host:3128"; empty: none, whatever the environment says
  std::string proxy_secret = {};  // the name of a secret: "user:password"
  std::vector<std::string> no_proxy = {};  // hosts, domains, addresses, networks

  std::vector<HostHeader> headers = {};
  RateLimiter::Rate rate = nullptr;
  std::string section = "download";  // of agent.yaml, whose keys errors point at
};

// Thread-safe: each request has a connection of its own, unless it names one. A redirect may go
// from http to https, never back. Secrets are read anew for each request, so that a renewed one is
// taken, but for the certificate of a connection that is kept; one that cannot be used is
// kInvalidArgument.
class CurlHttpClient final : public HttpClient, public HttpPoster {
 public:
  explicit CurlHttpClient(CurlOptions options);
  // For requests that begin from now on; `rate` stays the one that the client was made with.
  void Configure(CurlOptions options) { options_.Replace(std::move(options)); }
  Result<ResponseHead> Get(const Request& request, BodySink& sink, std::stop_token stop) override;
  Result<PostAnswer> Post(const PostRequest& request, std::stop_token stop) override;

 private:
  Replaceable<CurlOptions> options_;
  RateLimiter limiter_;
};

}  // namespace matic::http

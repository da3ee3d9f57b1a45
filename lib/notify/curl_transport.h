// Transport on libcurl.
#pragma once

#include "lib/notify/transport.h"

namespace matic::notify {

// Thread-safe: each Send has a connection of its own. TLS 1.2 or newer, certificates are always
// checked. Proxies are those of the environment, as libcurl takes them: https_proxy, no_proxy.
class CurlTransport final : public Transport {
 public:
  CurlTransport();
  Result<HttpAnswer> Send(const HttpRequest& request, std::stop_token stop) override;
  Result<> Send(const Mail& mail, std::stop_token stop) override;
};

}  // namespace matic::notify

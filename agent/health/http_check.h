// Whether a web server answers as it should.
#pragma once

#include <memory>
#include <optional>

#include "agent/health/configured_check.h"
#include "lib/http/http_client.h"
#include "lib/pattern/pattern.h"

namespace matic::health {

// Asks by GET, follows redirects, and looks at the first 256 KiB of the answer.
class HttpCheck final : public ConfiguredCheck {
 public:
  HttpCheck(const config::HttpCheck& check, std::unique_ptr<http::HttpClient> client);

  // "answers 200", or `answers 503: "database gone"`.
  Finding Run(std::stop_token stop) override;

 private:
  Finding Judge(int status, std::string_view body) const;

  config::HttpCheck check_;
  std::optional<Result<Pattern>> pattern_;
  std::unique_ptr<http::HttpClient> client_;
};

}  // namespace matic::health

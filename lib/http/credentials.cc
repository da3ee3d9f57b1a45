#include "lib/http/credentials.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "lib/base/host_port.h"
#include "lib/http/origin.h"
#include "lib/os/secret.h"

namespace matic::http {
namespace {

// What says where the request goes, what it asks for, or where it ends.
constexpr std::array<std::string_view, 11> kOurs = {"host",
                                                    "range",
                                                    "if-range",
                                                    "content-length",
                                                    "transfer-encoding",
                                                    "connection",
                                                    "upgrade",
                                                    "accept-encoding",
                                                    "te",
                                                    "expect",
                                                    "trailer"};

Result<std::string> Checked(Result<std::string> secret, const std::string& what) {
  if (secret) return secret;
  return Fail(ErrorCode::kInvalidArgument, what + ": " + secret.error().message);
}

// RFC 9110, 5.6.2
bool IsToken(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

Result<std::string> ReadHeader(const HostHeader& header) {
  const std::string what = "the header for " + header.host;
  MATIC_ASSIGN(std::string line, Checked(ReadSecret(header.secret), what));
  const size_t colon = std::min(line.find(':'), line.size());
  const std::string name = absl::AsciiStrToLower(line.substr(0, colon));
  const size_t value = line.find_first_not_of(' ', colon + 1);
  if (!IsToken(name) || colon == line.size() || value == std::string::npos) {
    return Fail(ErrorCode::kInvalidArgument,
                what + ": the secret " + header.secret + " is no line 'Name: value'");
  }
  if (std::ranges::find(kOurs, name) != kOurs.end()) {
    return Fail(ErrorCode::kInvalidArgument,
                what + ": '" + name + "' is a header that every request has already");
  }
  return line;
}

bool Names(const std::string& host, const Origin& origin) {
  auto wanted = ParseHostPort(absl::AsciiStrToLower(host));
  if (!wanted) return false;
  if (wanted->port == 0) wanted->port = 443;
  return wanted->ToString() == origin.host + ":" + origin.port;
}

}  // namespace

Result<Credentials> ReadCredentials(const CurlOptions& options, const std::string& url) {
  Credentials credentials;
  if (!options.client_key_secret.empty()) {
    MATIC_ASSIGN(credentials.client_key, Checked(ReadSecretFile(options.client_key_secret),
                                                 "the key of the client certificate"));
  }
  if (!options.proxy_secret.empty()) {
    MATIC_ASSIGN(const std::string login,
                 Checked(ReadSecret(options.proxy_secret), "the login for the proxy"));
    const size_t colon = login.find(':');
    if (colon == std::string::npos || colon == 0) {
      return Fail(ErrorCode::kInvalidArgument, "the login for the proxy: the secret " +
                                                   options.proxy_secret +
                                                   " is no line 'user:password'");
    }
    credentials.proxy_user = login.substr(0, colon);
    credentials.proxy_password = login.substr(colon + 1);
  }
  if (options.headers.empty()) return credentials;
  MATIC_ASSIGN(const Origin origin, OriginOf(url));
  for (const HostHeader& header : options.headers) {
    if (origin.scheme != "https" || !Names(header.host, origin)) continue;
    MATIC_ASSIGN(std::string line, ReadHeader(header));
    credentials.headers.push_back(std::move(line));
  }
  return credentials;
}

}  // namespace matic::http

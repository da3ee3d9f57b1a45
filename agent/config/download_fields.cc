#include <algorithm>
#include <charconv>

#include "agent/config/fields.h"
#include "agent/config/values.h"
#include "lib/base/host_port.h"

namespace matic::config {
namespace {

bool IsServer(std::string_view text) { return ParseHostPort(text).has_value(); }

constexpr std::string_view kProxyWords =
    "http://HOST:PORT, https://HOST:PORT or socks5h://HOST:PORT (user and password go into "
    "download.proxy_secret), or \"\" for none";

// No user and password: those are secrets. The port is named, since everybody guesses another.
bool IsProxy(std::string_view text) {
  if (text.empty()) return true;
  for (const std::string_view scheme : {"http://", "https://", "socks5h://"}) {
    if (!text.starts_with(scheme)) continue;
    const auto server = ParseHostPort(text.substr(scheme.size()));
    return server && server->port != 0;
  }
  return false;
}

// What is refused is not shown: it may hold a password.
FieldReader Proxy(std::string& target) {
  return [&target](const Value& value) -> std::optional<std::string> {
    if (!Holds(kAnyText, value) && !(value.IsText() && value.text.empty())) {
      return Must(kProxyWords, value);
    }
    if (!IsProxy(value.text)) return "must be " + std::string(kProxyWords);
    target = value.text;
    return std::nullopt;
  };
}

// What libcurl's list of hosts takes: names, domains, addresses and networks.
bool IsDirect(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view(".-_:/*").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

const TextRule kServer{"a host's name or address, with a port behind ':' where it is not 443",
                       IsServer};
const TextRule kDirect{"a host, a domain, an address or a network", IsDirect};

constexpr uint64_t kLowestRate = 1024;
constexpr uint64_t kHighestRate = uint64_t{1} << 40;

// "500K": K, M and G are powers of 1024, as in curl --limit-rate.
std::optional<uint64_t> ParseRate(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number > kHighestRate) return std::nullopt;
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  for (const auto& [name, shift] : {std::pair{"", 0}, {"K", 10}, {"M", 20}, {"G", 30}}) {
    if (unit != name) continue;
    if (number > kHighestRate >> shift) return std::nullopt;
    number <<= shift;
    if (number == 0 || number >= kLowestRate) return number;
  }
  return std::nullopt;
}

template <typename T>
FieldReader Rate(T& target) {
  return [&target](const Value& value) -> std::optional<std::string> {
    const auto rate = value.IsText() ? ParseRate(value.text) : std::nullopt;
    if (!rate) {
      return Must("bytes a second, such as 500K or 2M (at least 1K), or 0 for no limit", value);
    }
    target = *rate;
    return std::nullopt;
  };
}

std::vector<Field> LimitFields(DownloadLimit& limit) {
  return {{"window",
           Parsed(limit.window, "a window, such as 'Mon-Fri 08:00-18:00'", calendar::ParseWindow)},
          {"rate", Rate(limit.rate)}};
}

std::optional<std::string> WrongLimit(const DownloadLimit& limit) {
  if (!limit.window) return "needs `window`";
  if (!limit.rate) return "needs `rate`";
  return std::nullopt;
}

std::vector<Field> HeaderFields(DownloadHeader& header) {
  return {{"host", Text(header.host, kServer)}, {"secret", Text(header.secret, kSecret)}};
}

std::optional<std::string> WrongHeader(const DownloadHeader& header) {
  if (header.host.empty()) return "needs `host`";
  if (header.secret.empty()) return "needs `secret`";
  return std::nullopt;
}

}  // namespace

std::vector<Field> DownloadFields(Download& download) {
  return {
      {"download.ca_file", Text(download.ca_file, kPathOrNothing)},
      {"download.allow_http", Flag(download.allow_http)},
      {"download.local_redirects", Flag(download.local_redirects)},
      {"download.connect_timeout_seconds", Seconds(download.connect_timeout, 1, 3600)},
      {"download.low_speed_seconds", Seconds(download.low_speed, 1, 3600)},
      {"download.low_speed_bytes", Number(download.low_speed_bytes, 1, 1u << 30)},
      {"download.document_timeout_seconds", Seconds(download.document_timeout, 1, 3600)},
      {"download.retries", Number(download.retries, 0, 1000)},
      {"download.retry_backoff_seconds", Seconds(download.retry_backoff, 0, 3600)},
      {"download.buffer_bytes", Number(download.buffer_bytes, 64u << 10, 256u << 20)},
      {"download.read_back", Flag(download.read_back)},
      {"download.delta", Choice<DeltaChoice>(download.delta, {{"fast", DeltaChoice::kFast},
                                                              {"small", DeltaChoice::kSmall},
                                                              {"off", DeltaChoice::kOff}})},
      {"download.client_certificate", Text(download.client_certificate, kPathOrNothing)},
      {"download.client_key_secret", Text(download.client_key_secret, kSecretOrNothing)},
      {"download.proxy", Proxy(download.proxy)},
      {"download.proxy_secret", Text(download.proxy_secret, kSecretOrNothing)},
      {"download.no_proxy", TextList(download.no_proxy, kDirect, 0)},
      Items("download.headers", download.headers, HeaderFields, WrongHeader),
      {"download.rate", Rate(download.rate)},
      Items("download.limits", download.limits, LimitFields, WrongLimit),
      {"download.file_dirs", TextList(download.file_dirs, kPath, 0)},
  };
}

std::optional<std::pair<std::string, std::string>> ContradictionIn(const Download& download) {
  if (download.client_certificate.empty() != download.client_key_secret.empty()) {
    return download.client_certificate.empty()
               ? std::pair<std::string, std::string>("download.client_key_secret",
                                                     "needs `download.client_certificate`")
               : std::pair<std::string, std::string>("download.client_certificate",
                                                     "needs `download.client_key_secret`");
  }
  if (!download.proxy.empty()) return std::nullopt;
  if (!download.proxy_secret.empty()) {
    return std::pair<std::string, std::string>("download.proxy_secret", "needs `download.proxy`");
  }
  if (!download.no_proxy.empty()) {
    return std::pair<std::string, std::string>("download.no_proxy", "needs `download.proxy`");
  }
  return std::nullopt;
}

}  // namespace matic::config

#include "lib/base/host_port.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

namespace matic {
namespace {

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= 253 && text.front() != '-' &&
         std::ranges::all_of(text, [](unsigned char c) {
           return std::isalnum(c) || c == '.' || c == '-' || c == '_';
         });
}

// Its zone, "%eth0", is the name of an interface.
bool IsIpv6(std::string_view text) {
  const size_t zone = std::min(text.find('%'), text.size());
  if (zone != text.size() && !IsName(text.substr(zone + 1))) return false;
  const std::string bare(text.substr(0, zone));
  if (bare.find('\0') != std::string::npos) return false;
  in6_addr address;
  return inet_pton(AF_INET6, bare.c_str(), &address) == 1;
}

std::optional<uint16_t> ParsePort(std::string_view digits) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) {
    return std::nullopt;
  }
  return port;
}

tl::unexpected<Error> Wrong(std::string_view text, const std::string& why) {
  return Fail(ErrorCode::kInvalidArgument, "'" + std::string(text) + "'" + why);
}

}  // namespace

std::string HostPort::ToString() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + (port == 0 ? "" : ":" + std::to_string(port));
}

Result<HostPort> ParseHostPort(std::string_view text) {
  std::string_view host = text;
  std::string_view rest;  // a colon and the port
  const bool brackets = text.starts_with('[');
  if (brackets) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return Wrong(text, ": ']' is missing");
    host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return Wrong(text, ": only a :PORT may follow ']'");
  } else if (!IsIpv6(text)) {
    host = text.substr(0, text.find(':'));
    rest = text.substr(host.size());
  }
  if (!IsIpv6(host) && (brackets || !IsName(host))) return Wrong(text, " is not HOST or HOST:PORT");
  if (rest.empty()) return HostPort{std::string(host)};
  const auto port = ParsePort(rest.substr(1));
  if (!port) {
    return Wrong(
        text, ": the port '" + std::string(rest.substr(1)) + "' is not a number from 1 to 65535");
  }
  return HostPort{std::string(host), *port};
}

}  // namespace matic

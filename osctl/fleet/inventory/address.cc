#include "osctl/fleet/inventory/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "lib/base/utf8.h"

namespace matic::fleet {
namespace {

constexpr std::string_view kSsh = "ssh://";
constexpr std::string_view kUnix = "unix://";

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= 253 && text.front() != '-' &&
         std::ranges::all_of(text, [](unsigned char c) {
           return std::isalnum(c) || c == '.' || c == '-' || c == '_';
         });
}

bool IsSocket(std::string_view text) {
  constexpr size_t kLongest = 107;  // sun_path
  return text.starts_with('/') && text.size() <= kLongest &&
         std::ranges::none_of(text, [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

std::string_view WithoutBrackets(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

bool IsIpv6(std::string_view text) {
  in6_addr address;
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

struct HostAndPort {
  std::string host;
  std::optional<uint16_t> port;
};

std::optional<HostAndPort> ParseHostAndPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']') || IsIpv6(text)) {
    if (!IsHost(text)) return std::nullopt;
    return HostAndPort{std::string(WithoutBrackets(text)), std::nullopt};
  }
  const std::string_view host = text.substr(0, colon);
  const auto port = ParsePort(text.substr(colon + 1));
  if (!port || !IsHost(host) || (IsIpv6(host) && host.front() != '[')) return std::nullopt;
  return HostAndPort{std::string(WithoutBrackets(host)), port};
}

std::optional<Address> ParseSsh(std::string_view text) {
  SshAddress address;
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    if (!IsSocket(text.substr(slash))) return std::nullopt;
    address.socket = text.substr(slash);
    text = text.substr(0, slash);
  }
  if (const size_t at = text.find('@'); at != std::string_view::npos) {
    if (!IsUser(text.substr(0, at))) return std::nullopt;
    address.user = text.substr(0, at);
    text = text.substr(at + 1);
  }
  const auto place = ParseHostAndPort(text);
  if (!place) return std::nullopt;
  address.host = place->host;
  address.port = place->port.value_or(0);
  return address;
}

std::optional<Address> Parse(std::string_view text) {
  if (text.starts_with(kSsh)) return ParseSsh(text.substr(kSsh.size()));
  if (text.starts_with(kUnix)) {
    if (!IsSocket(text.substr(kUnix.size()))) return std::nullopt;
    return LocalAddress{std::string(text.substr(kUnix.size()))};
  }
  const auto place = ParseHostAndPort(text);
  if (!place) return std::nullopt;
  return TlsAddress{place->host, place->port.value_or(TlsAddress().port)};
}

std::string Bracketed(const std::string& host) { return IsIpv6(host) ? "[" + host + "]" : host; }

std::string Format(const TlsAddress& address) {
  return Bracketed(address.host) + ":" + std::to_string(address.port);
}

std::string Format(const SshAddress& address) {
  std::string text(kSsh);
  if (!address.user.empty()) text += address.user + "@";
  text += Bracketed(address.host);
  if (address.port != 0) text += ":" + std::to_string(address.port);
  if (address.socket != SshAddress().socket) text += address.socket;
  return text;
}

std::string Format(const LocalAddress& address) { return std::string(kUnix) + address.socket; }

}  // namespace

bool IsHost(std::string_view text) {
  const std::string_view bare = WithoutBrackets(text);
  return IsIpv6(bare) || (bare.size() == text.size() && IsName(text));
}

bool IsUser(std::string_view text) { return text.size() <= 64 && IsName(text); }

Result<Address> ParseAddress(std::string_view text) {
  if (auto address = Parse(text)) return *std::move(address);
  constexpr size_t kShown = 60;
  return Fail(ErrorCode::kInvalidArgument,
              "must be HOST[:PORT], ssh://[USER@]HOST[:PORT] or unix:///PATH, is '" +
                  ToUtf8(text, kShown) + "'");
}

std::string FormatAddress(const Address& address) {
  return std::visit([](const auto& any) { return Format(any); }, address);
}

}  // namespace matic::fleet

#include "osctl/fleet/inventory/address.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "lib/base/host_port.h"
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
  const auto place = ParseHostPort(text);
  if (!place) return std::nullopt;
  address.host = place->host;
  address.port = place->port;
  return address;
}

std::optional<Address> Parse(std::string_view text) {
  if (text.starts_with(kSsh)) return ParseSsh(text.substr(kSsh.size()));
  if (text.starts_with(kUnix)) {
    if (!IsSocket(text.substr(kUnix.size()))) return std::nullopt;
    return LocalAddress{std::string(text.substr(kUnix.size()))};
  }
  const auto place = ParseHostPort(text);
  if (!place) return std::nullopt;
  return TlsAddress{place->host, place->port == 0 ? TlsAddress().port : place->port};
}

std::string Format(const TlsAddress& address) {
  return HostPort{address.host, address.port}.ToString();
}

std::string Format(const SshAddress& address) {
  std::string text(kSsh);
  if (!address.user.empty()) text += address.user + "@";
  text += HostPort{address.host, address.port}.ToString();
  if (address.socket != SshAddress().socket) text += address.socket;
  return text;
}

std::string Format(const LocalAddress& address) { return std::string(kUnix) + address.socket; }

}  // namespace

bool IsHost(std::string_view text) {
  const auto place = ParseHostPort(text);
  return place && place->port == 0;
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

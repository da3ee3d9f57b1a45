#include "lib/http/no_proxy.h"

#include <absl/strings/ascii.h>
#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>

namespace matic::http {
namespace {

// Of 4 or 16 bytes; empty where it is no address.
std::vector<uint8_t> AddressOf(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  const std::string address(text);
  std::vector<uint8_t> bytes(16);
  if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return bytes;
  bytes.resize(4);
  if (::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return bytes;
  return {};
}

bool SharesBits(std::span<const uint8_t> a, std::span<const uint8_t> b, size_t bits) {
  const size_t whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) {
    return false;
  }
  return bits % 8 == 0 || ((a[whole] ^ b[whole]) >> (8 - bits % 8)) == 0;
}

bool IsInNetwork(std::span<const uint8_t> address, std::string_view network) {
  const size_t slash = std::min(network.find('/'), network.size());
  const std::vector<uint8_t> base = AddressOf(network.substr(0, slash));
  if (base.size() != address.size()) return false;
  const uint32_t bits = static_cast<uint32_t>(base.size()) * 8;
  if (slash == network.size()) return SharesBits(address, base, bits);
  uint32_t named = 0;
  const char* const end = network.data() + network.size();
  const auto [stop, error] = std::from_chars(network.data() + slash + 1, end, named);
  return error == std::errc() && stop == end && named <= bits && SharesBits(address, base, named);
}

bool IsInDomain(std::string_view host, const std::string& entry) {
  const std::string lower = absl::AsciiStrToLower(entry);
  std::string_view domain = lower;
  if (domain.starts_with('.')) domain.remove_prefix(1);
  if (domain.ends_with('.')) domain.remove_suffix(1);
  if (domain.empty() || !host.ends_with(domain)) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

}  // namespace

bool IsAskedDirectly(std::string_view host, const std::vector<std::string>& no_proxy) {
  const std::vector<uint8_t> address = AddressOf(host);
  if (address.empty() && host.ends_with('.')) host.remove_suffix(1);
  return std::ranges::any_of(no_proxy, [&](const std::string& entry) {
    if (entry == "*") return true;
    return address.empty() ? IsInDomain(host, entry) : IsInNetwork(address, entry);
  });
}

}  // namespace matic::http

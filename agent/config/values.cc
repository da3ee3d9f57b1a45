#include "agent/config/values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace matic::config {
namespace {

bool IsAddress(const std::string& host) {
  in_addr v4;
  in6_addr v6;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6) == 1;
  }
  return host == "localhost" || inet_pton(AF_INET, host.c_str(), &v4) == 1;
}

// No names but localhost: looking one up could hold up the start, or the health check of the port.
bool IsListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !IsAddress(std::string(text.substr(0, colon)))) {
    return false;
  }
  const std::string_view port = text.substr(colon + 1);
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc() && end == port.data() + port.size() && number >= 1 && number <= 65535;
}

// Names are handed to systemctl, so none may look like an option.
bool IsUnitName(std::string_view text) {
  const size_t dot = text.rfind('.');
  return dot != std::string_view::npos && dot != 0 && dot + 1 < text.size() &&
         !text.starts_with('-') && text.size() <= 255 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) ||
                  std::string_view(":-_.\\@").find(static_cast<char>(c)) != std::string_view::npos;
         });
}

}  // namespace

const TextRule kGroup{"a group's name, or \"\" for the agent's own",
                      [](std::string_view text) { return text.empty() || IsHostname(text); }};
const TextRule kDisk{"'auto' or an absolute path",
                     [](std::string_view text) { return text == "auto" || IsAbsolute(text); }};
const TextRule kListen{"ADDRESS:PORT, or \"\" for no TCP",
                       [](std::string_view text) { return text.empty() || IsListenAddress(text); }};
const TextRule kUnit{"a unit's name, such as 'matic-agent.service'", IsUnitName};

}  // namespace matic::config

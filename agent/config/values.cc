#include "agent/config/values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>

#include "lib/base/host_port.h"

namespace matic::config {
namespace {

// No names but localhost: looking one up could hold up the start, or the health check of the port.
bool IsListenAddress(std::string_view text) {
  const auto place = ParseHostPort(text);
  if (!place || place->port == 0) return false;
  in_addr v4;
  in6_addr v6;
  const char* const host = place->host.c_str();
  return place->host == "localhost" || inet_pton(AF_INET, host, &v4) == 1 ||
         inet_pton(AF_INET6, host, &v6) == 1;
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

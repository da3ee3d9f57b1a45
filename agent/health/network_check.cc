#include "agent/health/network_check.h"

#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>

namespace matic::health {

Result<std::vector<Interface>> ListInterfaces() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return Fail(OsError("list network interfaces", errno));
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, &freeifaddrs);
  std::vector<Interface> interfaces;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    const std::string name = entry->ifa_name;  // there is an entry for each address
    if (std::none_of(interfaces.begin(), interfaces.end(),
                     [&](const Interface& seen) { return seen.name == name; })) {
      interfaces.push_back({name, entry->ifa_flags});
    }
  }
  return interfaces;
}

Finding JudgeInterfaces(const std::vector<Interface>& interfaces) {
  std::string down;
  for (const Interface& interface : interfaces) {
    if ((interface.flags & IFF_LOOPBACK) != 0) continue;
    if ((interface.flags & IFF_UP) != 0 && (interface.flags & IFF_RUNNING) != 0) {
      return {true, interface.name + " is up"};
    }
    if (!down.empty()) down += ", ";
    down += interface.name + ((interface.flags & IFF_UP) != 0 ? " has no carrier" : " is down");
  }
  return {false, down.empty() ? "no interface but the loopback" : "no interface up: " + down};
}

Finding NetworkCheck::Run(std::stop_token) {
  const auto interfaces = ListInterfaces();
  if (!interfaces) return {false, interfaces.error().message};
  return JudgeInterfaces(*interfaces);
}

}  // namespace matic::health

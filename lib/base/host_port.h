// Where something is reached in a network, as people type it and programs show it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace matic {

struct HostPort {
  std::string host;   // a name, an IPv4 address, or an IPv6 address without brackets
  uint16_t port = 0;  // 0: none is named

  // An IPv6 address gets its brackets; no port, no colon.
  std::string ToString() const;

  bool operator==(const HostPort&) const = default;
};

// "edge-7", "edge-7:50052", "10.0.2.15", "[fe80::1%eth0]:50051", "fe80::1". A name has at most 253
// letters, digits, '.', '-' and '_', and begins with no '-', so that no program takes it for an
// option. A port is from 1 to 65535. kInvalidArgument else.
Result<HostPort> ParseHostPort(std::string_view text);

}  // namespace matic

// From where an address can be reached. Inside this folder only.
#pragma once

#include <string_view>

namespace matic::http {

// In their order: what is further down is nobody's business up here.
enum class Reach {
  kWorld,
  kSite,     // private networks: RFC 1918, 6598, 4193, 3879, 2544 (tests), 6890 (192.0.0.0/24)
  kLink,     // RFC 3927, fe80::/10, and the metadata of clouds wherever it is
  kMachine,  // this one
};

// Of "192.0.2.1", "2001:db8::1", "fe80::1%eth0", "::ffff:10.0.0.1". An IPv6 address that is
// translated to an IPv4 one on its way (NAT64, 6to4) is judged as that. What is no address is
// kMachine.
Reach ReachOf(std::string_view address);

// "a private network"
std::string_view ReachName(Reach reach);

}  // namespace matic::http

// From where an address can be reached. Inside this folder only.
#pragma once

#include <string_view>

namespace matic::http {

// In their order: what is further down is nobody's business up here.
enum class Reach {
  kWorld,
  kSite,     // private networks: RFC 1918, RFC 6598, RFC 4193
  kLink,     // RFC 3927, fe80::/10: among them the metadata of clouds
  kMachine,  // this one
};

// Of "192.0.2.1", "2001:db8::1", "fe80::1%eth0", "::ffff:10.0.0.1". What is no address is kMachine.
Reach ReachOf(std::string_view address);

// "a private network"
std::string_view ReachName(Reach reach);

}  // namespace matic::http

// Where the agent of a machine is, as one text.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "osctl/fleet/inventory/inventory.h"

namespace matic::fleet {

// "web-1.example.com", "10.0.0.7:50051", "[fd00::7]:50051" (mutual TLS);
// "ssh://[USER@]HOST[:PORT][/PATH/OF/SOCKET]"; "unix:///PATH/OF/SOCKET" (an agent of this machine).
// kInvalidArgument says what an address looks like. None is taken for an option by ssh.
Result<Address> ParseAddress(std::string_view text);

// In the one form that addresses are shown in, which ParseAddress takes.
std::string FormatAddress(const Address& address);

// "web-1.example.com", "10.0.0.7", "fd00::7", with or without brackets; never with a '-' in front.
bool IsHost(std::string_view text);
// Who logs in through ssh.
bool IsUser(std::string_view text);

}  // namespace matic::fleet

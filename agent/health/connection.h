// Connections to a service that is looked at.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>

#include "lib/base/host_port.h"
#include "lib/base/result.h"
#include "lib/base/unique_fd.h"

namespace matic::health {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// The host must be an address: a name is kInvalidArgument, since looking it up could take minutes.
Result<Address> NumericAddress(const HostPort& place);

// A stream socket that does not block. kDeadline without an answer, kCancelled when stopped.
Result<UniqueFd> Connect(const Address& address, SteadyTime deadline, const std::stop_token& stop);

// Until poll(2) reports `event`; errors as above.
Result<> AwaitEvent(int fd, short event, SteadyTime deadline, const std::stop_token& stop);

}  // namespace matic::health

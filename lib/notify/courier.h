// One message brought to one channel, once.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>

#include "lib/base/error.h"
#include "lib/notify/outbox.h"
#include "lib/notify/transport.h"
#include "lib/os/process_runner.h"

namespace matic::notify {

struct Attempt {
  std::optional<Error> error;  // nothing: delivered. No secret is in it
  bool again = false;          // whether another attempt may help
  std::chrono::milliseconds retry_after{0};
};

// Thread-safe. Programs get PlainText on stdin, and MATIC_ID, MATIC_LEVEL, MATIC_EVENT,
// MATIC_TITLE, MATIC_NODE, MATIC_TIME (RFC 3339) and MATIC_JSON (payload.h, GenericJson) in their
// environment.
class Courier {
 public:
  Courier(Transport& transport, ProcessRunner& processes);

  // Within the channel's timeout.
  Attempt Deliver(const Channel& channel, const Parcel& parcel, const std::stop_token& stop) const;

 private:
  Transport& transport_;
  ProcessRunner& processes_;
};

}  // namespace matic::notify

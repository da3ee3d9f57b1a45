// Whether the journal holds messages that it should not hold.
#pragma once

#include "agent/health/configured_check.h"
#include "lib/os/process_runner.h"

namespace matic::health {

// Asks journalctl for this boot's messages rather than reading the journal itself: a program can be
// given a limit and stopped, and a damaged journal harms only that.
class JournalCheck final : public ConfiguredCheck {
 public:
  JournalCheck(const config::JournalCheck& check, ProcessRunner& processes);

  // "no messages", "2 messages, 5 are allowed", or `more than 5 messages: "…"` with the last ones.
  Finding Run(std::stop_token stop) override;

 private:
  Result<std::string> Ask(std::vector<std::string> more, std::stop_token stop) const;

  config::JournalCheck check_;
  ProcessRunner& processes_;
};

}  // namespace matic::health

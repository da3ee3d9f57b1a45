// The audit log: who called what, from where, and what came of it.
#pragma once

#include <google/protobuf/message.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

#include "agent/api/rules.h"
#include "lib/base/result.h"
#include "lib/os/line_log.h"

namespace matic::api {

// What a request asks for, on one line, without secrets.
std::string Describe(const google::protobuf::Message& request);

// One line of JSON for every call that changes something, and for calls of any kind that are
// refused for want of a role, at most 30 of these a minute (docs/formats.md, "State"); the same to
// the log. Thread-safe.
class AuditLog {
 public:
  // `file` empty: the log alone. It is bounded; the oldest calls go first.
  explicit AuditLog(const std::filesystem::path& file);

  // `error` is null where the call succeeded. A line that cannot be written stops no call: a
  // machine with a full disk must still be mended. See problem().
  void Record(const Identity& who, std::string_view method,
              const google::protobuf::Message& request, const Error* error);

  // Why the last line could not be written; empty where it was.
  std::string problem() const;

 private:
  bool MayTellRefusal();
  void Write(const std::string& line);

  mutable std::mutex mutex_;
  LineLog file_;
  const bool kept_;
  std::string problem_;
  std::chrono::steady_clock::time_point window_began_{};
  int refusals_ = 0;
  uint64_t unheard_ = 0;
};

}  // namespace matic::api

// A time zone's clocks. Inside this folder only.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "lib/base/result.h"
#include "lib/base/time.h"

namespace matic::calendar {

// What may be told from 64-bit nanoseconds without overflow, with room on both sides.
constexpr WallTime kEarliest{};                                  // 1970-01-01
constexpr WallTime kLatest{std::chrono::hours(24 * 365) * 230};  // in 2199

class Zone {
 public:
  // See CheckZone.
  static Result<Zone> Load(const std::string& name);

  // The moment at which the clocks first show `time` or a later time.
  WallTime Reach(std::chrono::local_seconds time) const;
  std::chrono::local_days DayOf(WallTime time) const;
  // "Sat 2026-12-05 02:00 CET"
  std::string Format(WallTime time) const;
  // For people: "Europe/Berlin", "local time".
  const std::string& name() const { return name_; }

 private:
  struct Clocks;
  Zone(std::string name, std::shared_ptr<const Clocks> clocks);

  std::string name_;
  std::shared_ptr<const Clocks> clocks_;
};

}  // namespace matic::calendar

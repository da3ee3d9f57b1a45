// Whether filesystems have room.
#pragma once

#include <vector>

#include "agent/health/configured_check.h"
#include "agent/health/room.h"

namespace matic::health {

class DiskCheck final : public ConfiguredCheck {
 public:
  explicit DiskCheck(const config::DiskCheck& check, RoomGauge::Measure measure = MeasureRoom);

  // "/var: 61 % free", or what is wrong: "/var: 2 % of 512 MiB free, must be at least 5 %".
  // A filesystem that gives no answer within its limit, 5 s where none is configured, fails.
  Finding Run(std::stop_token stop) override;
  Finding Judge(const std::vector<Room>& rooms) const;

 private:
  config::DiskCheck check_;
  RoomGauge gauge_;
};

}  // namespace matic::health

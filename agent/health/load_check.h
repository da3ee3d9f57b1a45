// Whether the machine keeps up with its work.
#pragma once

#include "agent/health/configured_check.h"

namespace matic::health {

class LoadCheck final : public ConfiguredCheck {
 public:
  explicit LoadCheck(const config::LoadCheck& check);

  Finding Run(std::stop_token stop) override;
  // "load 1.50 on 4 processors", the load being the average of the last minute (getloadavg(3)).
  Finding Judge(double load, unsigned processors) const;

 private:
  double max_per_cpu_;
};

}  // namespace matic::health

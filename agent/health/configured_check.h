// A check with the settings that every check has in agent.yaml.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "agent/config/health.h"
#include "agent/health/check_runner.h"

namespace matic::health {

class ConfiguredCheck : public Check {
 public:
  ConfiguredCheck(std::string name, config::CheckSettings settings)
      : name_(std::move(name)), settings_(std::move(settings)) {}

  std::string name() const final { return name_; }
  bool critical() const final { return settings_.critical; }
  Tries tries() const final { return {settings_.retries, settings_.interval, settings_.after}; }

 protected:
  // Of one try.
  std::chrono::milliseconds LimitOr(std::chrono::seconds otherwise) const {
    return settings_.timeout.value_or(otherwise);
  }

 private:
  std::string name_;
  config::CheckSettings settings_;
};

}  // namespace matic::health

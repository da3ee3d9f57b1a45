// A health check that finds what a test wants.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "agent/health/check_runner.h"

namespace matic::fakes {

// `find` is called by the runner's threads. A real check returns within seconds; one that waits for
// its stop token stands for a trial that is under way.
class FakeCheck final : public health::Check {
 public:
  using Find = std::function<health::Finding(std::stop_token stop)>;

  FakeCheck(std::string name, bool critical, Find find)
      : name_(std::move(name)), critical_(critical), find_(std::move(find)) {}

  std::string name() const override { return name_; }
  bool critical() const override { return critical_; }
  health::Finding Run(std::stop_token stop) override { return find_(std::move(stop)); }

 private:
  const std::string name_;
  const bool critical_;
  const Find find_;
};

}  // namespace matic::fakes

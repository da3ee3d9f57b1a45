#include "agent/health/load_check.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace matic::health {
namespace {

std::string Decimals(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", number);
  return text;
}

}  // namespace

LoadCheck::LoadCheck(const config::LoadCheck& check)
    : ConfiguredCheck("load", check.settings), max_per_cpu_(check.max_per_cpu) {}

Finding LoadCheck::Judge(double load, unsigned processors) const {
  const std::string output = "load " + Decimals(load) + " on " + std::to_string(processors) +
                             (processors == 1 ? " processor" : " processors");
  const double limit = max_per_cpu_ * processors;
  if (load <= limit) return {true, output};
  return {false, output + ", must be at most " + Decimals(limit)};
}

Finding LoadCheck::Run(std::stop_token) {
  double load = 0;
  if (::getloadavg(&load, 1) != 1) return {false, "the system does not tell its load"};
  return Judge(load, std::max(std::thread::hardware_concurrency(), 1u));
}

}  // namespace matic::health

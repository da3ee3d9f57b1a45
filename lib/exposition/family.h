// What Prometheus is told: families of values, under construction and as text.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/time.h"

namespace matic::exposition {

enum class FamilyType { kGauge, kCounter, kSummary };

using Labels = std::vector<std::pair<std::string, std::string>>;

struct Sample {
  Labels labels;
  double value = 0;    // of a summary: the sum
  uint64_t count = 0;  // of a summary
};

struct Family {
  std::string name;
  std::string help;
  FamilyType type = FamilyType::kGauge;
  std::vector<Sample> samples = {};

  Family& Add(double value, Labels labels = {});
  Family& AddSum(uint64_t count, double sum, Labels labels);
};

class Exposition {
 public:
  // Before the name of each family, and the labels of each value.
  explicit Exposition(std::string prefix, Labels common = {})
      : prefix_(std::move(prefix)), common_(std::move(common)) {}

  // What is returned stays good for as long as the exposition.
  Family& Gauge(const std::string& name, const std::string& help);
  Family& Counter(const std::string& name, const std::string& help);
  Family& Summary(const std::string& name, const std::string& help);

  // A family without a value is left out. What is no UTF-8 in a label becomes U+FFFD, and a long
  // one is cut.
  std::vector<Family> Take();

 private:
  Family& Begin(const std::string& name, const std::string& help, FamilyType type);

  const std::string prefix_;
  const Labels common_;
  std::deque<Family> families_;
};

// As Prometheus has times.
double Seconds(WallTime time);

// In Prometheus's text format, as node_exporter reads it from files.
std::string Text(const std::vector<Family>& families);

}  // namespace matic::exposition

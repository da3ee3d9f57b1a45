#include "lib/exposition/family.h"

#include <prometheus/text_serializer.h>

#include <chrono>

#include "lib/base/utf8.h"
#include "lib/exposition/client_model.h"

namespace matic::exposition {
namespace {

constexpr size_t kLabelBytes = 256;

}  // namespace

Family& Family::Add(double value, Labels labels) {
  samples.push_back({.labels = std::move(labels), .value = value});
  return *this;
}

Family& Family::AddSum(uint64_t count, double sum, Labels labels) {
  samples.push_back({.labels = std::move(labels), .value = sum, .count = count});
  return *this;
}

Family& Exposition::Begin(const std::string& name, const std::string& help, FamilyType type) {
  return families_.emplace_back(Family{.name = prefix_ + name, .help = help, .type = type});
}

Family& Exposition::Gauge(const std::string& name, const std::string& help) {
  return Begin(name, help, FamilyType::kGauge);
}

Family& Exposition::Counter(const std::string& name, const std::string& help) {
  return Begin(name, help, FamilyType::kCounter);
}

Family& Exposition::Summary(const std::string& name, const std::string& help) {
  return Begin(name, help, FamilyType::kSummary);
}

std::vector<Family> Exposition::Take() {
  std::vector<Family> taken;
  for (Family& family : families_) {
    if (family.samples.empty()) continue;
    for (Sample& sample : family.samples) {
      sample.labels.insert(sample.labels.begin(), common_.begin(), common_.end());
      for (auto& [name, value] : sample.labels) value = ToUtf8(value, kLabelBytes);
    }
    taken.push_back(std::move(family));
  }
  families_.clear();
  return taken;
}

double Seconds(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

std::string Text(const std::vector<Family>& families) {
  return ::prometheus::TextSerializer().Serialize(ClientModel(families));
}

}  // namespace matic::exposition

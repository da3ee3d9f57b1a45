#include "lib/exposition/client_model.h"

namespace matic::exposition {
namespace {

using ::prometheus::ClientMetric;
using ::prometheus::MetricFamily;
using ::prometheus::MetricType;

MetricType TypeOf(FamilyType type) {
  switch (type) {
    case FamilyType::kGauge:
      return MetricType::Gauge;
    case FamilyType::kCounter:
      return MetricType::Counter;
    case FamilyType::kSummary:
      return MetricType::Summary;
  }
  return MetricType::Untyped;
}

ClientMetric MetricOf(const Sample& sample, FamilyType type) {
  ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  switch (type) {
    case FamilyType::kGauge:
      metric.gauge.value = sample.value;
      break;
    case FamilyType::kCounter:
      metric.counter.value = sample.value;
      break;
    case FamilyType::kSummary:
      metric.summary.sample_count = sample.count;
      metric.summary.sample_sum = sample.value;
      break;
  }
  return metric;
}

}  // namespace

std::vector<MetricFamily> ClientModel(const std::vector<Family>& families) {
  std::vector<MetricFamily> model;
  for (const Family& family : families) {
    MetricFamily& made = model.emplace_back();
    made.name = family.name;
    made.help = family.help;
    made.type = TypeOf(family.type);
    for (const Sample& sample : family.samples) {
      made.metric.push_back(MetricOf(sample, family.type));
    }
  }
  return model;
}

}  // namespace matic::exposition

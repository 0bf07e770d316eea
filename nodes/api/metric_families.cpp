#include "nodes/api/metric_families.hpp"

#include <prometheus/text_serializer.h>

#include <limits>

namespace troupe::api {

using prometheus::ClientMetric;
using prometheus::MetricType;

ClientMetric MetricFamilies::labelled(const Labels& labels) const {
  ClientMetric metric;
  metric.label.push_back({"node", node_});
  for (const auto& [key, value] : labels) {
    metric.label.push_back({key, value});
  }
  return metric;
}

prometheus::MetricFamily&
MetricFamilies::family(const std::string& name, const char* help, MetricType type) {
  auto& made = families_[name];
  made.name = name;
  made.help = help;
  made.type = type;
  return made;
}

void MetricFamilies::gauge(const std::string& name,
                           const char* help,
                           const Labels& labels,
                           double value) {
  auto metric = labelled(labels);
  metric.gauge.value = value;
  family(name, help, MetricType::Gauge).metric.push_back(std::move(metric));
}

void MetricFamilies::counter(const std::string& name,
                             const char* help,
                             const Labels& labels,
                             double value) {
  auto metric = labelled(labels);
  metric.counter.value = value;
  family(name, help, MetricType::Counter).metric.push_back(std::move(metric));
}

void MetricFamilies::histogram(const std::string& name,
                               const char* help,
                               const Labels& labels,
                               const std::vector<double>& bounds,
                               const std::vector<std::uint64_t>& counts,
                               double sum) {
  auto metric = labelled(labels);
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    cumulative += counts[i];
    ClientMetric::Bucket bucket;
    bucket.cumulative_count = cumulative;
    bucket.upper_bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back(bucket);
  }
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum = sum;
  family(name, help, MetricType::Histogram).metric.push_back(std::move(metric));
}

std::string MetricFamilies::text() const {
  std::vector<prometheus::MetricFamily> all;
  all.reserve(families_.size());
  for (const auto& [name, one] : families_) {
    all.push_back(one);
  }
  return prometheus::TextSerializer{}.Serialize(all);
}

} // namespace troupe::api

#pragma once

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace troupe::api {

/// Metric families on their way to text. Private to this folder.
class MetricFamilies {
public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  /// @param node  becomes a label of every series
  explicit MetricFamilies(std::string node) : node_(std::move(node)) {}

  void gauge(const std::string& name, const char* help, const Labels& labels, double value);
  /// @param name  ends in _total
  void counter(const std::string& name, const char* help, const Labels& labels, double value);
  void
  counter(const std::string& name, const char* help, const Labels& labels, std::uint64_t value) {
    counter(name, help, labels, static_cast<double>(value));
  }
  /// @param bounds  upper bounds in the metric's unit, ascending, without the infinite one
  /// @param counts  per bucket, not cumulative; one more than bounds
  void histogram(const std::string& name,
                 const char* help,
                 const Labels& labels,
                 const std::vector<double>& bounds,
                 const std::vector<std::uint64_t>& counts,
                 double sum);

  /// Prometheus' text format, families in the order of their names.
  [[nodiscard]] std::string text() const;

private:
  [[nodiscard]] prometheus::ClientMetric labelled(const Labels& labels) const;
  prometheus::MetricFamily&
  family(const std::string& name, const char* help, prometheus::MetricType type);

  std::string node_;
  std::map<std::string, prometheus::MetricFamily> families_;
};

} // namespace troupe::api

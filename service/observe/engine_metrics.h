// What the engine knows of its pools and arms, as Prometheus families. Read when a scrape asks, from the
// same figures as GetStats, so that the two agree and no call pays for a metric.
// Cost: O(arms) of every pool. Of each pool at most `arms_max` arms have series of their own, those with
//   the most decisions; the rest are counted together as arm="(others)", so a scrape stays small.
// Threads: any.
#pragma once

#include <prometheus/metric_family.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/engine.h"

namespace pointsman {

constexpr std::size_t kMetricsArmsMax = 100;

// `storage_errors_before`: of engines before this one.
std::vector<prometheus::MetricFamily> EngineMetrics(const Engine& engine, std::size_t arms_max,
                                                    uint64_t storage_errors_before = 0);

}  // namespace pointsman

// The engine's figures about its pools and arms, as Prometheus families. They are read for each scrape from
// the same source as GetStats, so the two agree, and no call pays for a metric.
// Cost: O(arms) of every pool. In each pool, at most `arms_max` arms have series of their own: those with the
//   most decisions. The others are counted together as arm="(others)", so a scrape stays small.
// Threads: any.
#pragma once

#include <prometheus/metric_family.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/engine.h"

namespace pointsman::service {

constexpr std::size_t kMetricsArmsMax = 100;

// `storage_errors_before`: the storage errors of earlier engines.
std::vector<prometheus::MetricFamily> EngineMetrics(const engine::Engine& engine,
                                                    std::size_t arms_max,
                                                    uint64_t storage_errors_before = 0);

}  // namespace pointsman::service

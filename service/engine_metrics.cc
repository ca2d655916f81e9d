#include "service/engine_metrics.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace pointsman {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<std::pair<const char*, std::string>>;

constexpr char kOthers[] = "(others)";

class Family {
 public:
  Family(const char* name, const char* help, MetricType type) {
    family_.name = name;
    family_.help = help;
    family_.type = type;
  }
  void Add(const Labels& labels, double value) {
    ClientMetric metric = Labelled(labels);
    (family_.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    family_.metric.push_back(std::move(metric));
  }
  void Add(const Labels& labels, const FeedbackLag& lag) {
    ClientMetric metric = Labelled(labels);
    auto& histogram = metric.histogram;
    for (std::size_t i = 0; i < lag.counts.size(); ++i) {
      histogram.sample_count += lag.counts[i];
      histogram.bucket.push_back(
          {histogram.sample_count, i < FeedbackLag::kBoundsSeconds.size()
                                       ? FeedbackLag::kBoundsSeconds[i]
                                       : std::numeric_limits<double>::infinity()});
    }
    histogram.sample_sum = lag.sum_s;
    family_.metric.push_back(std::move(metric));
  }
  MetricFamily& family() { return family_; }

 private:
  static ClientMetric Labelled(const Labels& labels) {
    ClientMetric metric;
    for (const auto& [name, value] : labels) metric.label.push_back({name, value});
    return metric;
  }
  MetricFamily family_;
};

struct Families {
  Family pool_decisions{"pointsman_pool_decisions_total", "Decisions of a pool.",
                        MetricType::Counter};
  Family explored{"pointsman_pool_explored_total",
                  "Decisions for another arm than the one of the best expected utility.",
                  MetricType::Counter};
  Family pool_outcomes{"pointsman_pool_outcomes_total", "Outcomes learned, ever.",
                       MetricType::Counter};
  Family missing{"pointsman_pool_missing_total",
                 "Outcomes that nobody told within the feedback window, ever.",
                 MetricType::Counter};
  Family feedback{"pointsman_pool_feedback_total", "Feedback of a pool, by what it did.",
                  MetricType::Counter};
  Family lag{"pointsman_feedback_lag_seconds", "From a decision to its first outcome.",
             MetricType::Histogram};
  Family experience{"pointsman_pool_experience_entries", "Past outcomes in the search index.",
                    MetricType::Gauge};
  Family arms{"pointsman_pool_arms", "Arms of a pool, by status.", MetricType::Gauge};
  Family snapshot_age{"pointsman_snapshot_age_seconds",
                      "Since the newest snapshot; 0 while it holds all that was learned.",
                      MetricType::Gauge};
  Family arm_decisions{"pointsman_arm_decisions_total", "Decisions for an arm.",
                       MetricType::Counter};
  Family arm_outcomes{"pointsman_arm_outcomes_total", "Outcomes of an arm learned, ever.",
                      MetricType::Counter};
  Family quality{"pointsman_arm_quality", "Moving average of an arm's quality.", MetricType::Gauge};
  Family cost{"pointsman_arm_cost_usd", "Moving average of an arm's cost in US dollars.",
              MetricType::Gauge};
  Family latency{"pointsman_arm_latency_seconds", "Moving average of an arm's latency.",
                 MetricType::Gauge};
  Family errors{"pointsman_arm_error_ratio", "Moving average of an arm's share of failed answers.",
                MetricType::Gauge};
};

void AddArm(Families& out, const std::string& pool, const ArmStatistics& arm) {
  const Labels labels = {{"pool", pool}, {"arm", arm.name}};
  out.arm_decisions.Add(labels, static_cast<double>(arm.decisions));
  out.arm_outcomes.Add(labels, static_cast<double>(arm.figures.outcomes));
  if (arm.figures.outcomes == 0) return;  // its averages would be of nothing
  out.quality.Add(labels, arm.figures.tracker.quality);
  out.cost.Add(labels, arm.figures.tracker.cost_usd);
  out.latency.Add(labels, arm.figures.tracker.latency_ms / 1000);
  out.errors.Add(labels, arm.figures.tracker.error_rate);
}

void AddArms(Families& out, PoolStatistics& statistics, std::size_t arms_max) {
  auto& arms = statistics.arms;
  double active = 0, paused = 0;
  for (const ArmStatistics& arm : arms) {
    active += arm.status == ArmStatus::kActive;
    paused += arm.status == ArmStatus::kPaused;
  }
  out.arms.Add({{"pool", statistics.pool}, {"status", "active"}}, active);
  out.arms.Add({{"pool", statistics.pool}, {"status", "paused"}}, paused);
  // A removed arm's series end with it.
  std::erase_if(arms, [](const ArmStatistics& a) { return a.status == ArmStatus::kRemoved; });
  std::stable_sort(arms.begin(), arms.end(), [](const ArmStatistics& a, const ArmStatistics& b) {
    return a.decisions > b.decisions;
  });
  double decisions = 0, outcomes = 0;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (i < arms_max) {
      AddArm(out, statistics.pool, arms[i]);
    } else {
      decisions += static_cast<double>(arms[i].decisions);
      outcomes += static_cast<double>(arms[i].figures.outcomes);
    }
  }
  if (arms.size() <= arms_max) return;
  out.arm_decisions.Add({{"pool", statistics.pool}, {"arm", kOthers}}, decisions);
  out.arm_outcomes.Add({{"pool", statistics.pool}, {"arm", kOthers}}, outcomes);
}

void AddPool(Families& out, PoolStatistics statistics, std::size_t arms_max) {
  const Labels pool = {{"pool", statistics.pool}};
  out.pool_decisions.Add(pool, static_cast<double>(statistics.decisions));
  out.explored.Add(pool, static_cast<double>(statistics.explored));
  out.pool_outcomes.Add(pool, static_cast<double>(statistics.outcomes));
  out.missing.Add(pool, static_cast<double>(statistics.missing));
  const FeedbackCounts& f = statistics.feedback;
  for (const auto& [result, count] : std::initializer_list<std::pair<const char*, uint64_t>>{
           {"APPLIED", f.applied},
           {"MERGED", f.merged},
           {"CORRECTED", f.corrected},
           {"ALREADY_APPLIED", f.already_applied},
           {"LATE", f.late},
           {"REFUSED", f.refused}}) {
    out.feedback.Add({{"pool", statistics.pool}, {"result", result}}, static_cast<double>(count));
  }
  out.lag.Add(pool, statistics.lag);
  out.experience.Add(pool, static_cast<double>(statistics.experience_size));
  out.snapshot_age.Add(pool, statistics.snapshot_age_s);
  AddArms(out, statistics, arms_max);
}

}  // namespace

std::vector<MetricFamily> EngineMetrics(const Engine& engine, std::size_t arms_max) {
  Families out;
  for (const PoolInfo& pool : engine.ListPools()) {
    auto statistics = engine.GetStats(pool.pool.name);
    if (statistics.ok()) AddPool(out, *std::move(statistics), arms_max);  // else just deleted
  }
  Family storage_errors("pointsman_storage_errors_total", "Writes to the disk that failed.",
                        MetricType::Counter);
  storage_errors.Add({}, static_cast<double>(engine.StorageErrors()));
  std::vector<MetricFamily> families;
  for (Family* family :
       {&out.pool_decisions, &out.explored, &out.pool_outcomes, &out.missing, &out.feedback,
        &out.lag, &out.experience, &out.arms, &out.snapshot_age, &out.arm_decisions,
        &out.arm_outcomes, &out.quality, &out.cost, &out.latency, &out.errors, &storage_errors}) {
    families.push_back(std::move(family->family()));
  }
  return families;
}

}  // namespace pointsman

#include "service/observe/engine_metrics.h"

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <utility>

namespace pointsman::service {
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
  // `counts` has one entry per bucket, one more than `bounds`; the last bucket has no bound.
  void Add(const Labels& labels, std::span<const double> bounds, std::span<const uint64_t> counts,
           double sum) {
    ClientMetric metric = Labelled(labels);
    auto& histogram = metric.histogram;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      histogram.sample_count += counts[i];
      histogram.bucket.push_back(
          {histogram.sample_count,
           i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity()});
    }
    histogram.sample_sum = sum;
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
                  "Decisions for an arm other than the one with the best expected utility.",
                  MetricType::Counter};
  Family pool_outcomes{"pointsman_pool_outcomes_total", "Outcomes learned over all time.",
                       MetricType::Counter};
  Family fallbacks{"pointsman_pool_embedder_fallbacks_total",
                   "Decisions without a vector because the remote embedder failed.",
                   MetricType::Counter};
  Family missing{"pointsman_pool_missing_total",
                 "Decisions without feedback within the feedback window, over all time.",
                 MetricType::Counter};
  Family feedback{"pointsman_pool_feedback_total", "Feedback for a pool, by result.",
                  MetricType::Counter};
  Family lag{"pointsman_feedback_lag_seconds", "Time from a decision to its first outcome.",
             MetricType::Histogram};
  Family experience{"pointsman_pool_experience_entries", "Past outcomes in the search index.",
                    MetricType::Gauge};
  Family arms{"pointsman_pool_arms", "Arms of a pool, by status.", MetricType::Gauge};
  Family snapshot_age{"pointsman_snapshot_age_seconds",
                      "Age of the newest snapshot in seconds; 0 if nothing was learned since.",
                      MetricType::Gauge};
  Family arm_decisions{"pointsman_arm_decisions_total", "Decisions for an arm.",
                       MetricType::Counter};
  Family arm_outcomes{"pointsman_arm_outcomes_total",
                      "Outcomes learned about an arm over all time.", MetricType::Counter};
  Family quality{"pointsman_arm_quality", "Moving average of an arm's quality.", MetricType::Gauge};
  Family cost{"pointsman_arm_cost_usd",
              "Expected cost of a typical query on an arm in US dollars, failed calls included.",
              MetricType::Gauge};
  Family latency{"pointsman_arm_latency_seconds",
                 "Expected latency of a typical query on an arm, failed calls included.",
                 MetricType::Gauge};
  Family errors{"pointsman_arm_error_ratio", "Moving average of an arm's share of failed calls.",
                MetricType::Gauge};
};

void AddArm(Families& out, const std::string& pool, const engine::ArmStatistics& arm) {
  const Labels labels = {{"pool", pool}, {"arm", arm.name}};
  out.arm_decisions.Add(labels, static_cast<double>(arm.decisions));
  out.arm_outcomes.Add(labels, static_cast<double>(arm.figures.outcomes));
  if (arm.figures.outcomes == 0) return;  // there is nothing to average
  out.quality.Add(labels, arm.figures.tracker.quality);
  const ArmExpectation& expected = arm.figures.expected;
  if (expected.KnownCost()) out.cost.Add(labels, expected.cost_usd);
  if (expected.KnownLatency()) out.latency.Add(labels, expected.latency_ms / 1000);
  out.errors.Add(labels, arm.figures.tracker.error_rate);
}

void AddArms(Families& out, engine::PoolStatistics& statistics, std::size_t arms_max) {
  auto& arms = statistics.arms;
  double active = 0, paused = 0;
  for (const engine::ArmStatistics& arm : arms) {
    active += arm.status == ArmStatus::kActive;
    paused += arm.status == ArmStatus::kPaused;
  }
  out.arms.Add({{"pool", statistics.pool}, {"status", "active"}}, active);
  out.arms.Add({{"pool", statistics.pool}, {"status", "paused"}}, paused);
  // A removed arm has no series.
  std::erase_if(arms,
                [](const engine::ArmStatistics& a) { return a.status == ArmStatus::kRemoved; });
  std::stable_sort(arms.begin(), arms.end(),
                   [](const engine::ArmStatistics& a, const engine::ArmStatistics& b) {
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

void AddPool(Families& out, engine::PoolStatistics statistics, std::size_t arms_max) {
  const Labels pool = {{"pool", statistics.pool}};
  out.pool_decisions.Add(pool, static_cast<double>(statistics.decisions));
  out.explored.Add(pool, static_cast<double>(statistics.explored));
  out.pool_outcomes.Add(pool, static_cast<double>(statistics.outcomes));
  out.fallbacks.Add(pool, static_cast<double>(statistics.fallbacks));
  out.missing.Add(pool, static_cast<double>(statistics.missing));
  const engine::FeedbackCounts& f = statistics.feedback;
  for (const auto& [result, count] : std::initializer_list<std::pair<const char*, uint64_t>>{
           {"APPLIED", f.applied},
           {"MERGED", f.merged},
           {"CORRECTED", f.corrected},
           {"ALREADY_APPLIED", f.already_applied},
           {"LATE", f.late},
           {"OVER_WEIGHT", f.over_weight},
           {"CLOSED", f.closed},
           {"REFUSED", f.refused}}) {
    out.feedback.Add({{"pool", statistics.pool}, {"result", result}}, static_cast<double>(count));
  }
  out.lag.Add(pool, engine::FeedbackLag::kBoundsSeconds, statistics.lag.counts,
              statistics.lag.sum_s);
  out.experience.Add(pool, static_cast<double>(statistics.experience_size));
  out.snapshot_age.Add(pool, statistics.snapshot_age_s);
  AddArms(out, statistics, arms_max);
}

// The families of the remote embedders, by their names in the config.
std::vector<Family> EmbedderFamilies(const std::vector<retrieval::RemoteStatistics>& embedders) {
  Family calls("pointsman_embedder_call_seconds", "Calls to a remote embedder, by duration.",
               MetricType::Histogram);
  Family texts("pointsman_embedder_texts_total", "Texts sent to a remote embedder.",
               MetricType::Counter);
  Family cached("pointsman_embedder_cached_total", "Texts whose vector was in the cache.",
                MetricType::Counter);
  Family faults("pointsman_embedder_faults_total", "Failed calls to a remote embedder, by reason.",
                MetricType::Counter);
  Family retries("pointsman_embedder_retries_total", "Retries of calls to a remote embedder.",
                 MetricType::Counter);
  Family tokens("pointsman_embedder_tokens_total", "Tokens, as counted by the remote embedder.",
                MetricType::Counter);
  Family waiting("pointsman_embedder_waiting_texts",
                 "Texts that wait to be sent to a remote embedder.", MetricType::Gauge);
  Family open("pointsman_embedder_open",
              "1 while a remote embedder is not called because it failed.", MetricType::Gauge);
  for (const retrieval::RemoteStatistics& embedder : embedders) {
    const Labels labels = {{"embedder", embedder.endpoint}};
    calls.Add(labels, retrieval::RemoteStatistics::kBoundsSeconds, embedder.call_counts,
              embedder.call_seconds);
    texts.Add(labels, static_cast<double>(embedder.texts));
    cached.Add(labels, static_cast<double>(embedder.cached));
    retries.Add(labels, static_cast<double>(embedder.retries));
    tokens.Add(labels, static_cast<double>(embedder.tokens));
    waiting.Add(labels, static_cast<double>(embedder.waiting));
    open.Add(labels, embedder.breaker == retrieval::CircuitBreaker::State::kClosed ? 0 : 1);
    for (std::size_t i = 0; i < embedder.faults.size(); ++i) {
      faults.Add({{"embedder", embedder.endpoint},
                  {"reason", std::string(retrieval::kRemoteFaultNames[i])}},
                 static_cast<double>(embedder.faults[i]));
    }
  }
  return {calls, texts, cached, faults, retries, tokens, waiting, open};
}

}  // namespace

std::vector<MetricFamily> EngineMetrics(const engine::Engine& engine, std::size_t arms_max,
                                        uint64_t storage_errors_before) {
  Families out;
  for (const engine::PoolInfo& pool : engine.ListPools()) {
    auto statistics = engine.GetStats(pool.pool.name);
    if (statistics.ok()) AddPool(out, *std::move(statistics), arms_max);  // else just deleted
  }
  Family storage_errors("pointsman_storage_errors_total", "Failed writes to the disk.",
                        MetricType::Counter);
  storage_errors.Add({}, static_cast<double>(storage_errors_before + engine.StorageErrors()));
  std::vector<MetricFamily> families;
  for (Family* family :
       {&out.pool_decisions, &out.explored, &out.pool_outcomes, &out.fallbacks, &out.missing,
        &out.feedback, &out.lag, &out.experience, &out.arms, &out.snapshot_age, &out.arm_decisions,
        &out.arm_outcomes, &out.quality, &out.cost, &out.latency, &out.errors, &storage_errors}) {
    families.push_back(std::move(family->family()));
  }
  for (Family& family : EmbedderFamilies(engine.EmbedderStatistics())) {
    families.push_back(std::move(family.family()));
  }
  return families;
}

}  // namespace pointsman::service

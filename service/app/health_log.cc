#include "service/app/health_log.h"

#include <spdlog/spdlog.h>

#include "base/strings.h"

namespace pointsman::service {
namespace {

constexpr std::chrono::minutes kFaultsEvery{1};

}  // namespace

void HealthLog::LogEngine(const engine::InspectionPath& engine) {
  LogEmbedders(engine);
  LogSnapshots(engine);
  LogReplica(engine);
}

// Logs the faults since the last report, at most once a minute, because every call may have one.
void HealthLog::LogFaults() {
  const auto now = std::chrono::steady_clock::now();
  const Metrics::Faults faults = metrics_.faults();
  if (faults.count == faults_told_ || now < faults_not_before_) return;
  log_.error(
      "{} calls failed because of a server error (INTERNAL or DATA_LOSS); the last error: {}",
      faults.count - faults_told_, faults.last);
  faults_told_ = faults.count;
  faults_not_before_ = now + kFaultsEvery;
}

// Logs when a remote embedder starts or stops working.
void HealthLog::LogEmbedders(const engine::InspectionPath& engine) {
  for (const retrieval::RemoteStatistics& now : engine.EmbedderStatistics()) {
    const bool never_answered = now.dimension == 0 && !now.last_fault.empty();
    const bool is_well =
        now.breaker == retrieval::CircuitBreaker::State::kClosed && !never_answered;
    const auto told = embedders_told_.find(now.endpoint);
    const bool is_news = told == embedders_told_.end() || told->second != is_well;
    if (now.calls == 0 || !is_news) continue;
    embedders_told_[now.endpoint] = is_well;
    if (is_well) {
      log_.info("embedder {} ({}) answers: {} dimensions", now.endpoint, now.model, now.dimension);
    } else {
      log_.warn("embedder {} fails; until it recovers, its pools decide without vectors: {}",
                now.endpoint, now.last_fault);
    }
  }
}

void HealthLog::LogSnapshots(const engine::InspectionPath& engine) {
  const absl::Status snapshots = engine.SnapshotHealth();
  if (snapshots.ok() == are_snapshots_well_) return;
  are_snapshots_well_ = snapshots.ok();
  if (are_snapshots_well_) {
    log_.info("snapshots succeed again");
  } else {
    log_.warn("a snapshot failed and will be retried (the log grows until one succeeds): {}",
              ToStd(snapshots.message()));
  }
}

void HealthLog::LogReplica(const engine::InspectionPath& engine) {
  const auto replica = engine.Replication();
  if (!replica || replica->status.ok() == follows_) return;
  follows_ = replica->status.ok();
  if (follows_) {
    log_.info("this replica follows the shared log again; it is at message {}", replica->position);
  } else {
    log_.warn(
        "this replica does not follow the shared log; it decides by what it knows, and refuses "
        "feedback and changes: {}",
        ToStd(replica->status.message()));
  }
}

}  // namespace pointsman::service

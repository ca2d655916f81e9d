#include "service/app/engine_host.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "service/app/disk_probe.h"
#include "service/app/join_replicas.h"
#include "storage/api/storage.h"

namespace pointsman::service {
namespace {

constexpr std::chrono::milliseconds kCallsWait{5000};
// How much longer to wait after StopEmbedding has failed the calls that wait for a remote embedder.
constexpr std::chrono::milliseconds kCutWait{200};
// After this long without a fault, the next fault counts as a new one.
constexpr std::chrono::minutes kForgetAfter{1};

// Whether the error may pass by itself.
bool MayPass(const absl::Status& status) { return absl::IsUnavailable(status); }

}  // namespace

EngineHost::EngineHost(const ServerConfig& config, const Clock& clock, spdlog::logger& log)
    : config_(config), clock_(clock), log_(log), limits_(config.limits) {}

absl::Status EngineHost::Open() {
  const auto began = std::chrono::steady_clock::now();
  storage::StorageOptions storage_options;
  storage_options.folder = config_.data_dir;
  storage_options.decision_ttl_s = limits_.Get().decision_ttl_s;
  storage_options.decisions_bytes_max = limits_.Get().decisions_bytes_max;
  auto storage = storage::OpenRocksStorage(storage_options);
  RETURN_IF_ERROR(storage.status());
  engine::EngineOptions options;
  options.limits = limits_.Get();
  options.embedders = config_.embedders;
  if (config_.replicas.is_on()) {
    ASSIGN_OR_RETURN(options.replica, JoinReplicas(config_.replicas, options.limits));
  }
  std::unique_ptr<engine::Engine> engine;
  ASSIGN_OR_RETURN(engine, engine::Engine::Open(options, *std::move(storage), clock_));
  uint64_t events = 0;
  const auto pools = engine->ListPools();
  for (const engine::PoolInfo& pool : pools) events += pool.snapshot_version;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  log_.info("recovered {} pools, {} events, in {:.3f} s from {}", pools.size(), events,
            took.count(), config_.data_dir);
  MutexLock lock(mutex_);
  engine->ChangeLimits(limits_.Get());  // the limits may have changed in the meantime
  slot_.Put(std::move(engine));
  return absl::OkStatus();
}

std::vector<std::string> EngineHost::ChangeLimits(const Limits& wanted) {
  MutexLock lock(mutex_);
  Limits limits = limits_.Get();
  std::vector<std::string> refused;
  for (const LimitRow& row : LimitTable()) {
    if (limits.*row.field == wanted.*row.field) continue;
    if (row.is_live) {
      limits.*row.field = wanted.*row.field;
    } else {
      refused.emplace_back(row.name);
    }
  }
  limits_.Set(limits);
  if (!slot_.is_empty()) slot_->ChangeLimits(limits);
  return refused;
}

bool EngineHost::is_well() const {
  MutexLock lock(mutex_);
  return is_well_;
}
std::string EngineHost::not_ready() const {
  MutexLock lock(mutex_);
  return not_ready_;
}
std::string EngineHost::not_alive() const {
  MutexLock lock(mutex_);
  return not_alive_;
}
uint64_t EngineHost::storage_errors_before() const {
  MutexLock lock(mutex_);
  return errors_before_;
}

void EngineHost::Postpone(Time now) {
  try_at_ = now + pause_;
  pause_ = std::min(2 * pause_, kPauseMax);
}

void EngineHost::NoteBroken(const absl::Status& status, Time now) {
  log_.error("{}", ToStd(status.message()));
  Postpone(now);
  told_.clear();
  MutexLock lock(mutex_);
  is_well_ = false;
}

void EngineHost::Look(Admission& admission) {
  const Time now = std::chrono::steady_clock::now();
  if (!slot_.is_empty()) {
    const absl::Status health = slot_->StorageHealth();
    if (health.ok()) {
      if (now - well_since_ > kForgetAfter) pause_ = kPauseMin;
      return;
    }
    if (is_well()) return NoteBroken(health, now);
    if (now < try_at_) return;
    const absl::Status probe = ProbeDisk(config_.data_dir);
    if (!probe.ok()) {
      if (told_ != ToStd(probe.message())) {
        told_ = std::string(ToStd(probe.message()));
        log_.warn("the storage cannot be written; the disk is tested again at least every {} s: {}",
                  kPauseMax.count(), told_);
      }
      return Postpone(std::chrono::steady_clock::now());
    }
    if (!CloseToReopen(admission)) return Postpone(std::chrono::steady_clock::now());
  } else if (now < try_at_) {
    return;
  }
  Reopen(admission, std::chrono::steady_clock::now());
}

bool EngineHost::WaitForCalls(Admission& admission) {
  if (admission.WaitUntilEmpty(kCallsWait)) return true;
  slot_->StopEmbedding();  // calls may wait for an embedder as long as the config allows
  return admission.WaitUntilEmpty(kCutWait);
}

bool EngineHost::CloseToReopen(Admission& admission) {
  admission.Pause();
  closed_at_ = std::chrono::steady_clock::now();
  if (!WaitForCalls(admission)) {
    log_.warn(
        "the disk can be written again, but the storage cannot be reopened yet, because some calls "
        "are still running; retrying");
    admission.Resume();
    return false;
  }
  {
    MutexLock lock(mutex_);
    not_ready_ = "the storage is being reopened";
  }
  Close();
  return true;
}

void EngineHost::Reopen(Admission& admission, Time now) {
  const absl::Status opened = Open();
  if (opened.ok()) {
    const std::chrono::duration<double> away = std::chrono::steady_clock::now() - closed_at_;
    log_.info(
        "the disk can be written again, and the storage is open again; calls were refused for "
        "{:.3f} s",
        away.count());
    well_since_ = std::chrono::steady_clock::now();
    {
      MutexLock lock(mutex_);
      is_well_ = true;
      not_ready_.clear();
      not_alive_.clear();
    }
    return admission.Resume();
  }
  Postpone(now);
  log_.error("the storage cannot be reopened; retrying in {} s: {}",
             std::chrono::duration_cast<std::chrono::seconds>(try_at_ - now).count(),
             ToStd(opened.message()));
  const bool is_given_up = !MayPass(opened) || now - closed_at_ > kGiveUpAfter;
  MutexLock lock(mutex_);
  not_ready_ = Cat("the storage cannot be reopened: ", ToStd(opened.message()));
  if (is_given_up) not_alive_ = not_ready_;
}

void EngineHost::Close() {
  std::unique_ptr<engine::Engine> engine;
  {
    MutexLock lock(mutex_);
    engine = slot_.Take();
  }
  if (engine == nullptr) return;
  engine->Stop();  // may take a while: it writes the last snapshots
  MutexLock lock(mutex_);
  errors_before_ += engine->StorageErrors();
}

}  // namespace pointsman::service

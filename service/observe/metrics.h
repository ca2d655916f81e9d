// Prometheus metrics of the server, in a registry that is passed around, not global. Families and their
// members are created at the start, so counting is one atomic addition.
// Threads: any.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "domain/types.h"
#include "engine/request/requests.h"

namespace pointsman::service {

enum class RpcName : uint8_t { kRoute, kRouteBatch, kFeedback, kFeedbackBatch, kAdmin };
inline constexpr std::size_t kRpcNames = 5;
inline constexpr std::size_t kFeedbackResults =
    static_cast<std::size_t>(engine::FeedbackResult::kClosed) + 1;

class Metrics {
 public:
  Metrics();

  void CountRpc(RpcName rpc, const absl::Status& status, double seconds);
  void CountDecision(bool logged);
  void CountFeedback(engine::FeedbackResult result);
  // Counts a refused call (service/access/admission.h).
  void CountRefusal(const absl::Status& status);
  // Current values, as opposed to counts.
  struct State {
    bool is_storage_well = true;
    bool are_snapshots_well = true;
    std::size_t queue_depth = 0;
  };
  void SetState(const State& state);
  void SetCertificateExpiry(Micros expires);
  // Failures caused by the server itself (INTERNAL, DATA_LOSS): their number, and the last message.
  struct Faults {
    uint64_t count = 0;
    std::string last;
  };
  Faults faults() const;
  // All metrics, and `more`, in Prometheus' text format.
  std::string Text(const std::vector<prometheus::MetricFamily>& more = {}) const;

 private:
  static constexpr std::size_t kCodes = 17;

  prometheus::Gauge* NewGauge(const char* name, const char* help);

  const std::shared_ptr<prometheus::Registry> registry_;
  std::array<std::array<prometheus::Counter*, kCodes>, kRpcNames> rpcs_{};
  std::array<prometheus::Histogram*, kRpcNames> seconds_{};
  std::array<prometheus::Counter*, 2> decisions_{};
  std::array<prometheus::Counter*, kFeedbackResults> feedback_{};  // by FeedbackResult
  std::array<prometheus::Counter*, kCodes>
      refusals_{};  // by code; null for codes that do not occur
  prometheus::Gauge* storage_ = nullptr;
  prometheus::Gauge* snapshots_ = nullptr;
  prometheus::Gauge* queue_ = nullptr;
  prometheus::Gauge* certificate_ = nullptr;
  mutable Mutex mutex_;
  Faults faults_ GUARDED_BY(mutex_);
};

// Times one call from its construction to Done.
class RpcTimer {
 public:
  explicit RpcTimer(Metrics& metrics)
      : metrics_(metrics), start_(std::chrono::steady_clock::now()) {}
  void Done(RpcName rpc, const absl::Status& status) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start_;
    metrics_.CountRpc(rpc, status, took.count());
  }

 private:
  Metrics& metrics_;
  const std::chrono::steady_clock::time_point start_;
};

}  // namespace pointsman::service

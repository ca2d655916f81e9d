#include "service/observe/metrics.h"

#include <prometheus/text_serializer.h>

#include "base/strings.h"
#include "base/version.h"
#include "storage/rocks/families.h"

namespace pointsman::service {
namespace {

constexpr const char* kRpcLabels[kRpcNames] = {"Route", "RouteBatch", "Feedback", "FeedbackBatch",
                                               "Admin"};
constexpr const char* kResults[kFeedbackResults] = {
    "", "APPLIED", "MERGED", "CORRECTED", "ALREADY_APPLIED", "LATE", "OVER_WEIGHT", "CLOSED"};
const prometheus::Histogram::BucketBoundaries kBuckets{
    2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.5, 1, 5};

}  // namespace

Metrics::Metrics() : registry_(std::make_shared<prometheus::Registry>()) {
  prometheus::BuildGauge()
      .Name("pointsman_build_info")
      .Help("Always 1; its labels give the version, compiler and data folder format.")
      .Register(*registry_)
      .Add({{"version", Version()},
            {"compiler", Compiler()},
            {"data_format", std::to_string(storage::kFormatVersion)}})
      .Set(1);
  auto& rpcs = prometheus::BuildCounter()
                   .Name("pointsman_rpc_total")
                   .Help("Calls finished, by RPC and canonical status code.")
                   .Register(*registry_);
  auto& seconds = prometheus::BuildHistogram()
                      .Name("pointsman_rpc_duration_seconds")
                      .Help("Time from a call's arrival at its handler to its answer.")
                      .Register(*registry_);
  for (std::size_t rpc = 0; rpc < kRpcNames; ++rpc) {
    seconds_[rpc] = &seconds.Add({{"rpc", kRpcLabels[rpc]}}, kBuckets);
    for (std::size_t code = 0; code < kCodes; ++code) {
      rpcs_[rpc][code] =
          &rpcs.Add({{"rpc", kRpcLabels[rpc]},
                     {"code", absl::StatusCodeToString(static_cast<absl::StatusCode>(code))}});
    }
  }
  auto& decisions = prometheus::BuildCounter()
                        .Name("pointsman_decisions_total")
                        .Help("Decisions, by whether they were recorded.")
                        .Register(*registry_);
  decisions_[0] = &decisions.Add({{"logged", "false"}});
  decisions_[1] = &decisions.Add({{"logged", "true"}});
  auto& feedback = prometheus::BuildCounter()
                       .Name("pointsman_feedback_total")
                       .Help("Accepted feedback, by result.")
                       .Register(*registry_);
  for (std::size_t i = 1; i < feedback_.size(); ++i) {
    feedback_[i] = &feedback.Add({{"result", kResults[i]}});
  }
  auto& refusals = prometheus::BuildCounter()
                       .Name("pointsman_refused_total")
                       .Help(
                           "Refused calls: no valid token (UNAUTHENTICATED), token without the "
                           "permission (PERMISSION_DENIED), too many calls (RESOURCE_EXHAUSTED).")
                       .Register(*registry_);
  for (const auto code : {absl::StatusCode::kUnauthenticated, absl::StatusCode::kPermissionDenied,
                          absl::StatusCode::kResourceExhausted}) {
    refusals_[static_cast<std::size_t>(code)] =
        &refusals.Add({{"code", absl::StatusCodeToString(code)}});
  }
  storage_ = NewGauge("pointsman_storage_writable",
                      "1 while feedback and decisions can be written; 0 after a failed write, "
                      "until the disk accepts writes again.");
  snapshots_ = NewGauge("pointsman_snapshots_succeed", "0 if the last snapshot failed, else 1.");
  queue_ = NewGauge("pointsman_writer_queue_items", "Commands that wait for the log writer.");
  certificate_ = NewGauge("pointsman_tls_certificate_expiry_timestamp_seconds",
                          "When the server's certificate expires; 0 without TLS.");
}

prometheus::Gauge* Metrics::NewGauge(const char* name, const char* help) {
  return &prometheus::BuildGauge().Name(name).Help(help).Register(*registry_).Add({});
}

void Metrics::SetState(const State& state) {
  storage_->Set(state.is_storage_well ? 1 : 0);
  snapshots_->Set(state.are_snapshots_well ? 1 : 0);
  queue_->Set(static_cast<double>(state.queue_depth));
}

void Metrics::SetCertificateExpiry(Micros expires) {
  certificate_->Set(static_cast<double>(expires) / kMicrosPerSecond);
}

void Metrics::CountRpc(RpcName rpc, const absl::Status& status, double seconds) {
  const auto at = static_cast<std::size_t>(rpc);
  const auto code = static_cast<std::size_t>(status.code());
  rpcs_[at][code < kCodes ? code : 2]->Increment();
  seconds_[at]->Observe(seconds);
  if (!absl::IsInternal(status) && !absl::IsDataLoss(status)) return;
  MutexLock lock(mutex_);
  ++faults_.count;
  faults_.last = std::string(ToStd(status.message()));
}

Metrics::Faults Metrics::faults() const {
  MutexLock lock(mutex_);
  return faults_;
}

void Metrics::CountDecision(bool logged) { decisions_[logged ? 1 : 0]->Increment(); }

void Metrics::CountFeedback(engine::FeedbackResult result) {
  feedback_[static_cast<std::size_t>(result)]->Increment();
}

void Metrics::CountRefusal(const absl::Status& status) {
  const auto code = static_cast<std::size_t>(status.code());
  if (code < kCodes && refusals_[code] != nullptr) refusals_[code]->Increment();
}

std::string Metrics::Text(const std::vector<prometheus::MetricFamily>& more) const {
  auto families = registry_->Collect();
  families.insert(families.end(), more.begin(), more.end());
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace pointsman::service

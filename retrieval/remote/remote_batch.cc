#include "retrieval/remote/remote_batch.h"

#include "base/strings.h"

namespace pointsman::retrieval {
namespace {

constexpr std::chrono::milliseconds kBackoff{50};  // before the first retry, at most; doubles

std::string Who(const RemoteEndpoint& endpoint) { return Cat("embedder ", Quoted(endpoint.name)); }

}  // namespace

std::optional<PendingText::Time> RetryAt(const Batch& batch, const Fault& fault,
                                         int64_t retries_max, PendingText::Time now,
                                         double uniform) {
  if (!fault.may_pass || batch.retries >= retries_max) return std::nullopt;
  const double most = static_cast<double>(kBackoff.count() << batch.retries);
  auto at = now + std::chrono::milliseconds(static_cast<int64_t>(most * uniform));
  if (fault.retry_after) at = now + *fault.retry_after;
  if (at >= batch.texts.front().deadline) return std::nullopt;
  return at;
}

absl::Status Stopping(const RemoteEndpoint& endpoint) {
  return absl::UnavailableError(Cat(Who(endpoint), " is stopping"));
}

absl::Status NotCalled(const RemoteEndpoint& endpoint, const std::string& last_fault) {
  return absl::UnavailableError(
      Cat(Who(endpoint), " is not called for a while, because calls fail: ", last_fault));
}

absl::Status TimedOut(const RemoteEndpoint& endpoint) {
  return absl::DeadlineExceededError(
      Cat(Who(endpoint), " gave no answer in ", endpoint.deadline_ms, " ms (deadline_ms)"));
}

absl::Status TooManyWait(const RemoteEndpoint& endpoint, uint64_t waiting) {
  return absl::UnavailableError(
      Cat(Who(endpoint), ": ", waiting, " texts wait already (waiting_items_max)"));
}

}  // namespace pointsman::retrieval

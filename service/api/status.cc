#include "service/api/status.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "base/strings.h"
#include "domain/errors.h"
#include "google/rpc/error_details.pb.h"

namespace pointsman::service {
namespace {

constexpr char kDelayUrl[] = "pointsman/retry-delay";
constexpr Micros kUsualDelay = 100 * kMicrosPerMs;

Micros DelayOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kDelayUrl);
  int64_t delay = 0;
  if (payload && absl::SimpleAtoi(std::string(*payload), &delay)) return delay;
  return ReasonOf(status) == reason::kStorageBroken ? kStorageRetryAfter : kUsualDelay;
}

// A message is sent twice as metadata, once with each non-ASCII byte encoded as three. Clients accept 8 KiB
// of metadata.
constexpr std::size_t kMessageBytesMax = 1300;

// An error may quote a request or a library's message, so its length is always bounded here.
std::string MessageOf(const absl::Status& status) {
  return OneLine(ToStd(status.message()), kMessageBytesMax);
}

}  // namespace

absl::Status WithRetryDelay(absl::Status status, Micros delay) {
  if (!status.ok()) status.SetPayload(kDelayUrl, absl::Cord(Cat(delay)));
  return status;
}

google::rpc::Status ToRich(const absl::Status& status) {
  google::rpc::Status rich;
  rich.set_code(static_cast<int>(status.code()));
  if (status.ok()) return rich;
  rich.set_message(MessageOf(status));
  const std::string reason = ReasonOf(status);
  if (!reason.empty()) {
    google::rpc::ErrorInfo info;
    info.set_reason(reason);
    info.set_domain("pointsman");
    rich.add_details()->PackFrom(info);
  }
  if (const std::string field = FieldOf(status); !field.empty()) {
    google::rpc::BadRequest bad;
    auto* violation = bad.add_field_violations();
    violation->set_field(field);
    violation->set_description(
        reason);  // the status has the message already, and metadata space is small
    rich.add_details()->PackFrom(bad);
  }
  if (absl::IsResourceExhausted(status) || ReasonOf(status) == reason::kStorageBroken) {
    google::rpc::RetryInfo retry;
    const Micros delay = DelayOf(status);
    retry.mutable_retry_delay()->set_seconds(delay / kMicrosPerSecond);
    retry.mutable_retry_delay()->set_nanos(static_cast<int>(delay % kMicrosPerSecond * 1000));
    rich.add_details()->PackFrom(retry);
  }
  return rich;
}

v1::ItemStatus ToItem(const absl::Status& status) {
  v1::ItemStatus item;
  item.set_code(static_cast<int>(status.code()));
  item.set_message(MessageOf(status));
  item.set_reason(ReasonOf(status));
  return item;
}

}  // namespace pointsman::service

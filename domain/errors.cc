#include "domain/errors.h"

#include "absl/strings/cord.h"
#include "base/strings.h"

namespace pointsman {
namespace {

constexpr char kReasonUrl[] = "pointsman/reason";
constexpr char kFieldUrl[] = "pointsman/field";

std::string Payload(const absl::Status& status, const char* url) {
  const auto cord = status.GetPayload(url);
  return cord.has_value() ? std::string(*cord) : std::string();
}

}  // namespace

absl::Status WithReason(absl::Status status, std::string_view reason, std::string_view field) {
  if (!status.ok()) {
    status.SetPayload(kReasonUrl, absl::Cord(ToAbsl(reason)));
    if (!field.empty()) status.SetPayload(kFieldUrl, absl::Cord(ToAbsl(field)));
  }
  return status;
}

absl::Status Located(const absl::Status& status, std::string_view where) {
  if (status.ok()) return status;
  absl::Status located(status.code(), Cat(where, ": ", ToStd(status.message())));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { located.SetPayload(url, payload); });
  return located;
}

std::string ReasonOf(const absl::Status& status) { return Payload(status, kReasonUrl); }
std::string FieldOf(const absl::Status& status) { return Payload(status, kFieldUrl); }

}  // namespace pointsman

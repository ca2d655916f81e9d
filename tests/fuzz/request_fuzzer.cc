// Any bytes as a request off the wire: the first byte says of which kind, the rest is parsed, converted and
// validated as the server does it. What is accepted holds numbers in their documented ranges and texts
// of UTF-8, and is the same after a way there and back; what is refused is told in one short line.
#include <google/protobuf/message.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/strings.h"
#include "domain/limits.h"
#include "engine/request/query_text.h"
#include "engine/request/token_estimate.h"
#include "engine/request/validate.h"
#include "pointsman/v1/admin.pb.h"
#include "pointsman/v1/router.pb.h"
#include "refusal.h"
#include "service/api/convert.h"

namespace pointsman::tests {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;

const Limits kLimits;
constexpr std::size_t kPartBytes = 9;

// The numbers of one field, as double; empty for other kinds and what is not set.
std::vector<double> NumbersOf(const Message& message, const FieldDescriptor* field) {
  const auto* reflection = message.GetReflection();
  std::vector<double> numbers;
  const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 0;
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
    if (!field->is_repeated()) return {reflection->GetDouble(message, field)};
    for (int i = 0; i < count; ++i) {
      numbers.push_back(reflection->GetRepeatedDouble(message, field, i));
    }
  } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
    if (!field->is_repeated()) return {double{reflection->GetFloat(message, field)}};
    for (int i = 0; i < count; ++i) {
      numbers.push_back(double{reflection->GetRepeatedFloat(message, field, i)});
    }
  }
  return numbers;
}

void CheckText(const std::string& text) { POINTSMAN_CHECK(IsUtf8(text)); }

// Every field that there is, so that one which comes later is not forgotten: finite numbers, texts of UTF-8.
void CheckFields(const Message& message) {
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    for (const double number : NumbersOf(message, field)) POINTSMAN_CHECK(std::isfinite(number));
    const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        CheckText(field->is_repeated() ? reflection->GetRepeatedString(message, field, i)
                                       : reflection->GetString(message, field));
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        CheckFields(field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                         : reflection->GetMessage(message, field));
      }
    }
  }
}

bool IsIn(double value, double least, double most) { return value >= least && value <= most; }
template <class T>
bool IsIn(const std::optional<T>& value, double least, double most) {
  return !value || IsIn(static_cast<double>(*value), least, most);
}

void CheckFieldsOf(const Outcome& o) {
  POINTSMAN_CHECK(IsIn(o.quality, 0, 1));
  POINTSMAN_CHECK(IsIn(o.latency_ms, 0, 1e9));
  POINTSMAN_CHECK(IsIn(o.first_token_ms, 0, 1e9));
  POINTSMAN_CHECK(IsIn(o.retry_after_ms, 0, 1e9));
  POINTSMAN_CHECK(!o.error_kind || *o.error_kind <= kErrorKindLast);
  POINTSMAN_CHECK(!o.input_tokens || !o.cached_input_tokens ||
                  *o.cached_input_tokens <= *o.input_tokens);
  POINTSMAN_CHECK(IsIn(o.cached_input_tokens, 0, 1e9));
  POINTSMAN_CHECK(IsIn(o.cost_usd, 0, 1e6));
  POINTSMAN_CHECK(IsIn(o.input_tokens, 0, 1e9));
  POINTSMAN_CHECK(IsIn(o.output_tokens, 0, 1e9));
}

void CheckOutcome(const Outcome& o) {
  POINTSMAN_CHECK(!o.empty());
  CheckFieldsOf(o);
}

void TryRoute(const v1::RouteRequest& message) {
  const auto input = service::FromProto(message);
  if (!input.ok()) return CheckRefusal(input.status());
  const absl::Status status = engine::ValidateRoute(*input, kLimits);
  if (!status.ok()) return CheckRefusal(status);
  CheckFields(message);
  POINTSMAN_CHECK(input->query.empty() != input->embedding.empty());
  const engine::TokenEstimate tokens = engine::EstimateTokens(input->query);
  POINTSMAN_CHECK(tokens.at_most >= tokens.expected && std::isfinite(tokens.at_most));
  POINTSMAN_CHECK(input->query.empty() == (tokens.expected == 0));
  const std::string part = engine::HeadAndTail(input->query, kPartBytes);
  POINTSMAN_CHECK(IsUtf8(part) && part.size() <= std::max(kPartBytes, std::size_t{4}));
  POINTSMAN_CHECK(IsIn(static_cast<double>(input->input_tokens), 0, 1e9));
  POINTSMAN_CHECK(IsIn(static_cast<double>(input->max_output_tokens), 0, 1e9));
  POINTSMAN_CHECK(IsIn(input->arm_count, 1, static_cast<double>(kLimits.arm_count_max)));
  POINTSMAN_CHECK(IsIn(input->constraints.max_cost_usd, 0, 1e6));
  POINTSMAN_CHECK(IsIn(input->constraints.max_latency_ms, 0, 1e9));
  POINTSMAN_CHECK(IsIn(static_cast<double>(input->constraints.context_tokens), 0, 1e9));
  if (!input->preference) return;
  const Preference p = Normalised(*input->preference);
  for (const double weight : {p.quality, p.cost, p.latency}) POINTSMAN_CHECK(IsIn(weight, 0, 1));
  POINTSMAN_CHECK(std::abs(p.quality + p.cost + p.latency - 1) < 1e-9);
}

void TryFeedback(const v1::FeedbackRequest& message) {
  auto input = service::FromProto(message);
  if (!input.ok()) return CheckRefusal(input.status());
  POINTSMAN_CHECK(input->at >= 0);
  const absl::Status status = engine::ValidateFeedback(*input, kLimits);
  if (!status.ok()) return CheckRefusal(status);
  CheckFields(message);
  const bool is_closing = input->is_withdrawal || input->is_not_served;
  if (is_closing) {
    POINTSMAN_CHECK(input->outcome.empty() && input->attempts.empty());
  } else if (input->attempts.empty() && input->served_arm.empty()) {
    CheckOutcome(input->outcome);
  }
  CheckFieldsOf(input->outcome);
  for (const engine::AttemptInput& attempt : input->attempts) CheckFieldsOf(attempt.outcome);
}

// Of a new arm of that name, with fields to clear.
void TryArm(const v1::Arm& message,
            const google::protobuf::RepeatedPtrField<std::string>& clear = {}) {
  Arm fresh;
  fresh.name = message.name();
  const auto arm = service::Edited(fresh, message, clear);
  if (!arm.ok()) return CheckRefusal(arm.status());
  const absl::Status status = engine::ValidateArm(*arm, kLimits);
  if (!status.ok()) return CheckRefusal(status);
  CheckFields(message);
  POINTSMAN_CHECK(!arm->name.empty() && !HoldsControls(arm->name));
  POINTSMAN_CHECK(IsIn(arm->usd_per_1m_input, 0, 1e6) && IsIn(arm->usd_per_1m_output, 0, 1e6));
  POINTSMAN_CHECK(IsIn(arm->prior_quality, 0, 1) && IsIn(arm->prior_latency_ms, 0, 1e9));
  POINTSMAN_CHECK((arm->prior_strength == 0 || IsIn(arm->prior_strength, 1e-6, 1e6)) &&
                  IsIn(arm->prior_output_tokens, 0, 1e9));
  POINTSMAN_CHECK(IsIn(arm->usd_per_request, 0, 1e6) &&
                  IsIn(static_cast<double>(arm->output_tokens_max), 0, 1e9));
  const absl::Status named = engine::ValidateNewNames(nullptr, *arm);
  if (!named.ok()) CheckRefusal(named);
  const auto back = service::Edited(fresh, service::ToProto(*arm), {});
  POINTSMAN_CHECK(back.ok() && *back == *arm);
}

void TryPool(const v1::PutPoolRequest& message) {
  const absl::Status named = engine::ValidateName("name", message.name(), kLimits);
  if (!named.ok()) CheckRefusal(named);
  for (const auto& arm : message.arms()) TryArm(arm);
  auto settings = service::Edited(PoolSettings{}, message.settings());
  if (!settings.ok()) return CheckRefusal(settings.status());
  // As resolving the embedder would; that itself opens files.
  if (settings->embedder.projected == 0) settings->embedder.projected = 64;
  const absl::Status status = engine::ValidateSettings(*settings, kLimits);
  if (!status.ok()) return CheckRefusal(status);
  CheckFields(message.settings());
  auto back = service::Edited(PoolSettings{}, service::ToProto(*settings));
  POINTSMAN_CHECK(back.ok());
  back->embedder.projection_rows = settings->embedder.projection_rows;  // told by their being there
  POINTSMAN_CHECK(*back == *settings);
  const absl::Status names = engine::ValidateNewNames(nullptr, *settings);
  if (!names.ok()) CheckRefusal(names);
  const absl::Status change = engine::ValidateChange(PoolSettings{}, *settings);
  if (!change.ok()) CheckRefusal(change);
}

void CheckPlan(const engine::ImportPlan& plan, const v1::ImportOutcomesRequest& message) {
  CheckFields(message);
  POINTSMAN_CHECK(IsIn(plan.strength, 1e-6, 1e6));
  POINTSMAN_CHECK(IsIn(static_cast<double>(plan.queries), 1, 1e9));
  const v1::ImportStart told = service::ToProto(plan);
  POINTSMAN_CHECK(MessageDifferencer::Equals(service::ToProto(service::FromProto(told)), told));
}

void CheckChunk(const std::vector<engine::ImportedQuery>& chunk,
                const v1::ImportOutcomesRequest& message) {
  CheckFields(message);
  for (const engine::ImportedQuery& query : chunk) {
    for (const engine::ImportedOutcome& known : query.outcomes) CheckOutcome(known.outcome);
    uint64_t next = 0;
    const v1::ImportedQuery told = service::ToProto(query);
    POINTSMAN_CHECK(
        MessageDifferencer::Equals(service::ToProto(service::FromProto(told, next)), told));
    POINTSMAN_CHECK(next == query.index + 1);
  }
}

// A start alone, or a chunk of an import that announced as much as one can.
void TryImport(const v1::ImportOutcomesRequest& message) {
  engine::ImportPlan plan{"default", "import", 1000000000, 1, {}};
  std::vector<engine::ImportedQuery> chunk;
  if (message.has_start()) plan = service::FromProto(message.start());
  uint64_t next = 0;
  for (const auto& query : message.chunk().queries())
    chunk.push_back(service::FromProto(query, next));
  const absl::Status status = engine::ValidateImport(plan, chunk, kLimits);
  if (!status.ok()) return CheckRefusal(status);
  CheckPlan(plan, message);
  CheckChunk(chunk, message);
}

// A message of this kind, unless the server would not have got it: gRPC refuses what does not parse.
template <class Request, class Try>
void Parsed(std::string_view bytes, Try attempt) {
  Request request;
  if (request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) attempt(request);
}

void TryOne(uint8_t kind, std::string_view bytes) {
  switch (kind % 7) {
    case 0:
      return Parsed<v1::RouteRequest>(bytes, TryRoute);
    case 1:
      return Parsed<v1::RouteBatchRequest>(bytes, [](const auto& batch) {
        for (const auto& request : batch.requests()) TryRoute(request);
      });
    case 2:
      return Parsed<v1::FeedbackRequest>(bytes, TryFeedback);
    case 3:
      return Parsed<v1::FeedbackBatchRequest>(bytes, [](const auto& batch) {
        for (const auto& request : batch.requests()) TryFeedback(request);
      });
    case 4:
      return Parsed<v1::PutPoolRequest>(bytes, TryPool);
    case 5:
      return Parsed<v1::PutArmRequest>(bytes, [](const auto& request) {
        TryArm(request.arm(), request.clear());
        const absl::Status status = engine::ValidateInheritance(request.inherit_strength());
        if (!status.ok()) CheckRefusal(status);
      });
    default:
      return Parsed<v1::ImportOutcomesRequest>(bytes, TryImport);
  }
}

}  // namespace
}  // namespace pointsman::tests

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  google::protobuf::SetLogHandler(nullptr);  // one line for each text that is no UTF-8
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  pointsman::tests::TryOne(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}

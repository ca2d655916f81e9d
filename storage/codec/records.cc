#include "storage/codec/records.h"

#include <algorithm>
#include <cstring>
#include <variant>

#include "base/check.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/outcome_fields.h"
#include "pointsman/record/v1/record.pb.h"
#include "storage/codec/pool_messages.h"
#include "storage/codec/sealed.h"
#include "storage/codec/soundness.h"

namespace pointsman::storage {
namespace {

namespace proto = ::pointsman::record::v1;

proto::Anchor AnchorOf(const Anchor& anchor) {
  proto::Anchor p;
  p.set_time_us(anchor.time);
  p.set_clock(anchor.clock);
  return p;
}

Anchor AnchorOf(const proto::Anchor& p) { return {p.time_us(), p.clock()}; }

void FillBody(const OutcomeEvent& o, proto::Event& event) {
  proto::OutcomeEvent& p = *event.mutable_outcome();
  p.set_decision_id(o.decision_id);
  p.set_feedback_id(o.feedback_id);
  p.set_arm(Index(o.arm));
  p.set_selection(static_cast<uint32_t>(o.selection));
  p.set_is_off_policy(o.is_off_policy);
  p.set_is_learned(o.is_learned);
  p.set_is_first(o.is_first);
  p.set_propensity(o.propensity);
  if (o.inclusion != 1) p.set_inclusion(o.inclusion);
  p.set_weight(o.weight);
  *p.mutable_preference() = MessageOf(o.preference);
  p.mutable_context()->Add(o.context.begin(), o.context.end());
  proto::ArmFeatures& f = *p.mutable_features();
  f.set_neighbour_quality(o.features.neighbour_quality);
  f.set_neighbour_count(o.features.neighbour_count);
  f.set_neighbour_baseline(o.features.neighbour_baseline);
  f.set_description_similarity(o.features.description_similarity);
  f.set_description_lead(o.features.description_lead);
  const ExpertVotes& votes = o.features.votes;
  if (votes != ExpertVotes{})
    f.mutable_expert_ratios()->Add(votes.ratio.begin(), votes.ratio.end());
  f.set_expert_par(votes.par);
  p.set_input_tokens_estimate(o.input_tokens_estimate);
  p.set_cost_estimate_usd(o.cost_estimate_usd);
  FillOutcome(o.outcome, *p.mutable_outcome());
  FillOutcome(o.corrects, *p.mutable_corrects());
  p.set_reported_at_us(o.reported_at);
  p.set_is_missing(o.is_missing);
  p.set_is_over_weight(o.is_over_weight);
  p.set_query_text(o.query_text);
  if (!o.before.empty()) FillOutcome(o.before, *p.mutable_before());
  if (o.anchor) *p.mutable_anchor() = AnchorOf(*o.anchor);
  p.set_is_withdrawal(o.is_withdrawal);
  p.set_is_closed(o.is_closed);
  p.set_attempt(o.attempt);
  p.set_input_is_counted(o.input_is_counted);
  p.set_decision_version(o.decision_version);
  p.set_payload_hash(o.payload_hash);
  p.set_client(o.client);
  p.set_input_tokens_expected(o.input_tokens_expected);
  p.set_output_tokens_expected(o.output_tokens_expected);
  p.set_decision_time_us(o.decision_time);
  p.set_said(o.said);
  p.set_counted(o.counted);
  p.set_brings_nothing(o.brings_nothing);
  if (o.instead_of) p.set_instead_of(Index(*o.instead_of));
}
void FillBody(const ArmEvent& a, proto::Event& event) {
  *event.mutable_arm() = MessageOf(a.arm);
  event.set_by(a.by);
  if (!a.reset) return;
  auto& reset = *event.mutable_arm_reset();
  if (a.reset->inherit_from) reset.set_inherit_from(Index(*a.reset->inherit_from));
  reset.set_inherit_strength(a.reset->inherit_strength);
}
void FillBody(const PoolEvent& p, proto::Event& event) {
  *event.mutable_pool_record() = MessageOf(p.pool);
  event.set_by(p.by);
}

void FillBody(const SilenceEvent& s, proto::Event& event) {
  proto::SilenceEvent& p = *event.mutable_silence();
  p.set_judged_time_us(s.judged.time);
  p.set_judged_decision_id(s.judged.decision_id);
  p.set_missing(s.missing);
}

ArmEvent ArmEventOf(const proto::Event& event) {
  ArmEvent body{ArmOf(event.arm()), std::nullopt, event.by()};
  if (!event.has_arm_reset()) return body;
  body.reset.emplace();
  if (event.arm_reset().has_inherit_from()) {
    body.reset->inherit_from = ArmId{event.arm_reset().inherit_from()};
  }
  body.reset->inherit_strength = event.arm_reset().inherit_strength();
  return body;
}

OutcomeEvent OutcomeEventOf(const proto::OutcomeEvent& p) {
  OutcomeEvent o;
  o.decision_id = p.decision_id();
  o.feedback_id = p.feedback_id();
  o.arm = ArmId{p.arm()};
  o.selection = EnumOf<Selection>(p.selection());
  o.is_off_policy = p.is_off_policy();
  o.is_learned = p.is_learned();
  o.is_first = p.is_first();
  o.propensity = p.propensity();
  if (p.has_inclusion()) o.inclusion = p.inclusion();
  o.weight = p.weight();
  o.preference = PreferenceOf(p.preference());
  o.context.assign(p.context().begin(), p.context().end());
  const proto::ArmFeatures& f = p.features();
  o.features = {f.neighbour_quality(),      f.neighbour_count(),  f.neighbour_baseline(),
                f.description_similarity(), f.description_lead(), {}};
  ExpertVotes& votes = o.features.votes;
  const int ratios = std::min(f.expert_ratios_size(), static_cast<int>(votes.ratio.size()));
  for (int i = 0; i < ratios; ++i) votes.ratio[static_cast<std::size_t>(i)] = f.expert_ratios(i);
  votes.par = f.expert_par();
  o.input_tokens_estimate = p.input_tokens_estimate();
  o.cost_estimate_usd = p.cost_estimate_usd();
  o.outcome = OutcomeOf(p.outcome());
  o.corrects = OutcomeOf(p.corrects());
  o.reported_at = p.reported_at_us();
  o.is_missing = p.is_missing();
  o.is_over_weight = p.is_over_weight();
  o.query_text = p.query_text();
  o.before = OutcomeOf(p.before());
  if (p.has_anchor()) o.anchor = AnchorOf(p.anchor());
  o.is_withdrawal = p.is_withdrawal();
  o.is_closed = p.is_closed();
  o.attempt = p.attempt();
  o.input_is_counted = p.input_is_counted();
  o.decision_version = p.decision_version();
  o.payload_hash = p.payload_hash();
  o.client = p.client();
  o.input_tokens_expected = p.input_tokens_expected();
  o.output_tokens_expected = p.output_tokens_expected();
  o.decision_time = p.decision_time_us();
  o.said = p.said();
  o.counted = p.counted();
  o.brings_nothing = p.brings_nothing();
  if (p.has_instead_of()) o.instead_of = ArmId{p.instead_of()};
  return o;
}

std::string SealProto(RecordKind kind, const google::protobuf::MessageLite& message) {
  std::string payload;
  POINTSMAN_CHECK(message.SerializeToString(&payload));  // fails only above 2 GB
  return Seal(kind, payload);
}

absl::Status ParseProto(RecordKind kind, std::string_view payload,
                        google::protobuf::MessageLite& message) {
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return DataLoss("a stored ", RecordKindName(kind), " cannot be parsed");
  }
  return absl::OkStatus();
}

// `record` if it is sound; otherwise kDataLoss, because no unsound record is ever written.
template <class Record>
absl::StatusOr<Record> Sound(RecordKind kind, Record record) {
  if (const absl::Status sound = CheckSound(record); !sound.ok()) {
    return DataLoss("a stored ", RecordKindName(kind), " is unsound: ", sound.message());
  }
  return record;
}

}  // namespace

std::string EncodePool(const Pool& pool) { return SealProto(RecordKind::kPool, MessageOf(pool)); }

absl::StatusOr<Pool> DecodePool(std::string_view value) {
  ASSIGN_OR_RETURN(const std::string_view payload, Unseal(RecordKind::kPool, value));
  proto::Pool p;
  RETURN_IF_ERROR(ParseProto(RecordKind::kPool, payload, p));
  return Sound(RecordKind::kPool, PoolOf(p));
}

std::string EncodeEvent(const Event& event) {
  proto::Event p;
  p.set_sequence(event.sequence);
  p.set_time_us(event.time);
  p.set_pool(Index(event.pool));
  std::visit([&p](const auto& body) { FillBody(body, p); }, event.body);
  return SealProto(RecordKind::kEvent, p);
}

absl::StatusOr<Event> DecodeEvent(std::string_view value) {
  ASSIGN_OR_RETURN(const std::string_view payload, Unseal(RecordKind::kEvent, value));
  proto::Event p;
  RETURN_IF_ERROR(ParseProto(RecordKind::kEvent, payload, p));
  Event event{.sequence = p.sequence(), .time = p.time_us(), .pool = PoolId{p.pool()}, .body = {}};
  switch (p.body_case()) {
    case proto::Event::kOutcome:
      event.body = OutcomeEventOf(p.outcome());
      break;
    case proto::Event::kArm:
      event.body = ArmEventOf(p);
      break;
    case proto::Event::kPoolRecord:
      event.body = PoolEvent{PoolOf(p.pool_record()), p.by()};
      break;
    case proto::Event::kSilence:
      event.body = SilenceEvent{{p.silence().judged_time_us(), p.silence().judged_decision_id()},
                                p.silence().missing()};
      break;
    case proto::Event::BODY_NOT_SET:
      return DataLoss("a stored event has an unknown kind");
  }
  return Sound(RecordKind::kEvent, std::move(event));
}

std::string EncodeExperience(const Experience& experience) {
  proto::Experience p;
  p.set_sequence(experience.sequence);
  p.set_arm(Index(experience.arm));
  p.set_quality(experience.quality);
  p.set_weight(experience.weight);
  p.mutable_context()->Add(experience.context.begin(), experience.context.end());
  return SealProto(RecordKind::kExperience, p);
}

absl::StatusOr<Experience> DecodeExperience(std::string_view value) {
  ASSIGN_OR_RETURN(const std::string_view payload, Unseal(RecordKind::kExperience, value));
  proto::Experience p;
  RETURN_IF_ERROR(ParseProto(RecordKind::kExperience, payload, p));
  return Sound(RecordKind::kExperience, Experience{p.sequence(),
                                                   ArmId{p.arm()},
                                                   p.quality(),
                                                   p.weight(),
                                                   {p.context().begin(), p.context().end()}});
}

std::string EncodeFeedback(const FeedbackRecord& record, Micros changed_at) {
  proto::FeedbackRecord p;
  for (const FeedbackRecord::Seen& seen : record.seen) {
    proto::FeedbackRecord::Seen& s = *p.add_seen();
    s.set_feedback_id(seen.feedback_id);
    s.set_payload_hash(seen.payload_hash);
    s.set_is_not_learned(!seen.is_learned);
  }
  FillOutcome(record.learned, *p.mutable_learned());
  p.set_quality_sequence(record.quality_sequence);
  p.set_served(Index(record.served));
  p.set_decision_time(record.decision_time);
  if (record.weight != 1) p.set_weight(record.weight);
  p.mutable_counted()->Add(record.counted.begin(), record.counted.end());
  p.set_is_told_over_weight(record.is_told_over_weight);
  if (record.anchor) *p.mutable_anchor() = AnchorOf(*record.anchor);
  for (const FieldTime& told : record.told_at) {
    auto& t = *p.add_told_at();
    t.set_field(told.field);
    t.set_at_us(told.at);
  }
  p.set_is_closed(record.is_closed);
  p.set_is_split(record.is_split);
  std::string payload(sizeof(changed_at), '\0');
  std::memcpy(payload.data(), &changed_at, sizeof(changed_at));
  POINTSMAN_CHECK(p.AppendToString(&payload));
  return Seal(RecordKind::kFeedback, payload);
}

absl::StatusOr<FeedbackRecord> DecodeFeedback(std::string_view value) {
  ASSIGN_OR_RETURN(const std::string_view payload, Unseal(RecordKind::kFeedback, value));
  if (payload.size() < sizeof(Micros)) return DataLoss("a stored feedback record has no time");
  proto::FeedbackRecord p;
  RETURN_IF_ERROR(ParseProto(RecordKind::kFeedback, payload.substr(sizeof(Micros)), p));
  FeedbackRecord record;
  for (const proto::FeedbackRecord::Seen& s : p.seen()) {
    record.seen.push_back({s.feedback_id(), s.payload_hash(), !s.is_not_learned()});
  }
  record.learned = OutcomeOf(p.learned());
  record.quality_sequence = p.quality_sequence();
  record.served = ArmId{p.served()};
  record.decision_time = p.decision_time();
  if (p.has_weight()) record.weight = p.weight();
  record.counted.assign(p.counted().begin(), p.counted().end());
  record.is_told_over_weight = p.is_told_over_weight();
  if (p.has_anchor()) record.anchor = AnchorOf(p.anchor());
  for (const auto& t : p.told_at()) {
    record.told_at.push_back({static_cast<uint8_t>(t.field() & 0xff), t.at_us()});
  }
  record.is_closed = p.is_closed();
  record.is_split = p.is_split();
  return Sound(RecordKind::kFeedback, std::move(record));
}

std::string EncodeProgress(const PoolProgress& progress) {
  proto::PoolProgress p;
  p.set_judged_time_us(progress.judged.time);
  p.set_judged_decision_id(progress.judged.decision_id);
  p.set_missing(progress.missing);
  return SealProto(RecordKind::kProgress, p);
}

absl::StatusOr<PoolProgress> DecodeProgress(std::string_view value) {
  ASSIGN_OR_RETURN(const std::string_view payload, Unseal(RecordKind::kProgress, value));
  proto::PoolProgress p;
  RETURN_IF_ERROR(ParseProto(RecordKind::kProgress, payload, p));
  return PoolProgress{{p.judged_time_us(), p.judged_decision_id()}, p.missing()};
}

std::string EncodeWaiting(std::span<const ArmId> arms) {
  proto::WaitingDecision p;
  for (const ArmId arm : arms) p.add_arms(Index(arm));
  return SealProto(RecordKind::kWaiting, p);
}

absl::StatusOr<std::vector<ArmId>> DecodeWaiting(std::string_view value) {
  ASSIGN_OR_RETURN(const std::string_view payload, Unseal(RecordKind::kWaiting, value));
  proto::WaitingDecision p;
  RETURN_IF_ERROR(ParseProto(RecordKind::kWaiting, payload, p));
  std::vector<ArmId> arms;
  for (const uint32_t arm : p.arms()) arms.push_back(ArmId{arm});
  return arms;
}

std::optional<Micros> PeekFeedbackChangedAt(std::string_view value) {
  if (value.size() < kSealBytes + sizeof(Micros)) return std::nullopt;
  Micros changed_at = 0;
  std::memcpy(&changed_at, value.data() + kSealBytes, sizeof(changed_at));
  return changed_at;
}

}  // namespace pointsman::storage

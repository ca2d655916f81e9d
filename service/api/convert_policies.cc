#include <string>
#include <utility>

#include "base/status_macros.h"
#include "engine/request/validate.h"
#include "service/api/convert.h"

namespace pointsman::service {
namespace {

constexpr double kSampleMin = 100;

// `scale`: of the unit of the message over that of the figures.
void Fill(const learners::Bounds& bounds, double scale, v1::Bounds& out) {
  out.set_lower(bounds.lower * scale);
  out.set_upper(bounds.upper * scale);
}

void Fill(const learners::PolicyFigures& figures, double scale, v1::PolicyEstimate& out) {
  out.set_outcomes(static_cast<uint32_t>(figures.outcomes));
  out.set_silent(static_cast<uint32_t>(figures.silent));
  out.set_dr(figures.dr * scale);
  out.set_dr_stderr(figures.dr_stderr * scale);
  out.set_ips(figures.ips * scale);
  out.set_snips(figures.snips * scale);
  out.set_effective_sample_size(figures.effective_sample_size);
  out.set_weight_max(figures.weight_max);
  out.set_match_share(figures.match_share);
  Fill(figures.bounds, scale, *out.mutable_bounds());
  Fill(figures.silent_bounds, scale, *out.mutable_silent_bounds());
  out.set_is_too_few(figures.effective_sample_size < kSampleMin);
}

void Fill(const engine::PolicyResult& result, double cap, v1::PolicyResult& out) {
  switch (result.policy.kind) {
    case engine::Policy::Kind::kServed:
      break;
    case engine::Policy::Kind::kArm:
      out.mutable_policy()->set_arm(result.policy.arm);
      break;
    case engine::Policy::Kind::kPreference:
      *out.mutable_policy()->mutable_preference() = ToProto(Normalised(result.policy.preference));
      break;
    case engine::Policy::Kind::kUniform:
      out.mutable_policy()->set_uniform(true);
      break;
  }
  Fill(result.quality, 1, *out.mutable_quality());
  Fill(result.cost, cap, *out.mutable_cost_usd());
  out.set_left_out(static_cast<uint32_t>(result.left_out));
}

void Fill(const engine::GroupFigures& group, v1::GroupFigures& out) {
  out.set_decisions(static_cast<uint32_t>(group.decisions));
  FillProto(group.quality, *out.mutable_quality());
  FillProto(group.cost_usd, *out.mutable_cost_usd());
  FillProto(group.latency_ms, *out.mutable_latency_ms());
  Fill(group.quality_bounds, 1, *out.mutable_quality_bounds());
  Fill(group.cost_bounds_usd, 1, *out.mutable_cost_bounds_usd());
}

absl::StatusOr<engine::Policy> FromProto(const v1::Policy& message) {
  engine::Policy policy;
  switch (message.policy_case()) {
    case v1::Policy::kArm:
      policy.kind = engine::Policy::Kind::kArm;
      policy.arm = message.arm();
      return policy;
    case v1::Policy::kPreference:
      policy.kind = engine::Policy::Kind::kPreference;
      policy.preference = {message.preference().quality(), message.preference().cost(),
                           message.preference().latency()};
      return policy;
    case v1::Policy::kUniform:
      if (!message.uniform()) break;
      policy.kind = engine::Policy::Kind::kUniform;
      return policy;
    case v1::Policy::POLICY_NOT_SET:
      break;
  }
  return engine::BadField("policies", "each needs an arm, a preference, or uniform");
}

}  // namespace

absl::StatusOr<engine::PolicyQuestion> FromProto(const v1::ComparePoliciesRequest& request) {
  engine::PolicyQuestion question;
  for (const v1::Policy& message : request.policies()) {
    auto policy = FromProto(message);
    if (!policy.ok()) return policy.status();
    question.policies.push_back(*std::move(policy));
  }
  question.decisions = request.decisions();
  ASSIGN_OR_RETURN(question.from, TimeFromProto("from_unix_ms", request.from_unix_ms()));
  question.cost_cap_usd = request.cost_cap_usd();
  return question;
}

v1::ComparePoliciesResponse ToProto(const engine::PolicyComparison& comparison) {
  v1::ComparePoliciesResponse out;
  out.set_decisions(comparison.decisions);
  out.set_left_out(comparison.left_out);
  out.set_first_unix_ms(comparison.first / kMicrosPerMs);
  out.set_cost_cap_usd(comparison.cost_cap_usd);
  out.set_clipped(comparison.clipped);
  for (std::size_t i = 0; i < comparison.results.size(); ++i) {
    Fill(comparison.results[i], comparison.cost_cap_usd,
         i == 0 ? *out.mutable_served() : *out.add_results());
  }
  if (!comparison.groups) return out;
  auto* groups = out.mutable_groups();
  Fill(comparison.groups->treated, *groups->mutable_treated());
  Fill(comparison.groups->control, *groups->mutable_control());
  Fill(comparison.groups->quality_gain, 1, *groups->mutable_quality_gain());
  Fill(comparison.groups->saved_usd, 1, *groups->mutable_saved_usd());
  groups->set_first_unix_ms(comparison.groups->first / kMicrosPerMs);
  groups->set_holdout_share(comparison.groups->holdout_share);
  groups->set_holdout_arm(comparison.groups->holdout_arm);
  return out;
}

v1::RecomputeDecisionResponse ToProto(const engine::Recomputed& recomputed) {
  v1::RecomputeDecisionResponse out;
  out.set_result(static_cast<v1::RecomputeResult>(recomputed.result));
  out.set_why(recomputed.why);
  out.set_snapshot_version(recomputed.version);
  out.set_replayed(recomputed.replayed);
  out.set_arm(recomputed.arm);
  out.set_propensity(recomputed.propensity);
  return out;
}

}  // namespace pointsman::service

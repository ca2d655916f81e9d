#include "engine/route/recompute.h"

#include <utility>
#include <vector>

#include "base/strings.h"
#include "domain/draw.h"
#include "learners/choice/choose.h"

namespace pointsman::engine {
namespace {

// The purpose of the further arms, which their marks show. It does not matter for a decision with one arm.
learners::Purpose PurposeOf(const Decision& decision) {
  return decision.chosen.size() > 1 && IsRatedAlone(decision, 1) ? learners::Purpose::kPanel
                                                                 : learners::Purpose::kFallback;
}

}  // namespace

absl::StatusOr<Decision> Recompute(const learners::LearnedState& state, const Decision& recorded,
                                   SipKey secret) {
  if (state.version() != recorded.snapshot_version || state.pool().id != recorded.pool) {
    return InvalidArgument("decision ", Quoted(recorded.id), " was made at state version ",
                           recorded.snapshot_version, ", but the given state has version ",
                           state.version());
  }
  if (recorded.candidates.empty() || recorded.chosen.empty()) {
    return InvalidArgument("decision ", Quoted(recorded.id), " has no candidates");
  }
  std::vector<learners::ArmView> views;
  for (const Candidate& candidate : recorded.candidates) {
    const Arm* arm = state.arm(candidate.arm);
    if (arm == nullptr) {
      return InvalidArgument("decision ", Quoted(recorded.id), ": the state knows no arm ",
                             Index(candidate.arm));
    }
    learners::ArmView view{arm, candidate.features};
    view.features.votes = {};  // the choice itself computes them
    views.push_back(view);
  }
  const learners::QueryView query{.context = recorded.context,
                                  .input_tokens = recorded.input_tokens,
                                  .input_is_counted = recorded.input_is_counted,
                                  .max_output_tokens = recorded.max_output_tokens,
                                  .latency_kind = recorded.latency_kind,
                                  .now = recorded.time};
  learners::ChoiceRequest request;
  request.preference = recorded.preference;
  request.mode = recorded.mode;
  request.purpose = PurposeOf(recorded);
  request.arm_count = static_cast<uint32_t>(recorded.chosen.size());
  request.draw = DrawUniform(secret, recorded.pool, recorded.id, DrawPurpose::kChooseArm);
  request.group_draw = DrawUniform(secret, recorded.pool, recorded.id, DrawPurpose::kGroup);
  request.panel_seed = DrawBits(secret, recorded.pool, recorded.id, DrawPurpose::kPanel);
  learners::Choice choice =
      learners::Choose(state, query, request, views, state.Estimate(query, views));
  for (std::size_t i = 0; i < choice.candidates.size(); ++i) {
    choice.candidates[i].inclusion = recorded.candidates[i].inclusion;
  }
  Decision again = recorded;
  again.candidates = std::move(choice.candidates);
  again.chosen = std::move(choice.chosen);
  again.group = choice.group;
  again.holdout_share = choice.holdout_share;
  again.holdout_arm = choice.holdout_arm;
  return again;
}

}  // namespace pointsman::engine

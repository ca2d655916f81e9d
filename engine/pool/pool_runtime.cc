#include "engine/pool/pool_runtime.h"

#include <set>
#include <utility>

#include "base/status_macros.h"
#include "domain/names.h"
#include "engine/request/arm_name.h"

namespace pointsman::engine {

absl::StatusOr<std::shared_ptr<PoolRuntime>> PoolRuntime::Make(learners::LearnedState state,
                                                               retrieval::Building building,
                                                               const Remotes& remotes) {
  auto encoder = QueryEncoder::Make(state.pool(), remotes);
  RETURN_IF_ERROR(encoder.status());
  std::shared_ptr<PoolRuntime> runtime(
      new PoolRuntime(std::move(state), *std::move(encoder), building, remotes));
  const auto now = runtime->state();
  std::vector<const Arm*> arms;
  for (std::size_t i = 0; i < now->arm_count(); ++i) {
    if (const Arm* arm = now->arm(static_cast<ArmId>(i))) arms.push_back(arm);
  }
  std::vector<std::vector<float>> general;
  for (const std::string_view query : GeneralQueries()) {
    general.push_back(runtime->encoder_.Describe(query));
    if (general.back().empty()) general.pop_back();
  }
  runtime->has_general_background_ = general.size() > 1;
  if (general.size() > 1) runtime->descriptions_.SetBackground(std::move(general));
  runtime->PutArms(arms);
  runtime->standing_.Update(*now, runtime->arms_.active()->ids, {});
  return runtime;
}

PoolRuntime::PoolRuntime(learners::LearnedState state, QueryEncoder encoder,
                         retrieval::Building building, const Remotes& remotes)
    : id_(state.pool().id),
      name_(state.pool().name),
      remotes_(remotes),
      encoder_(std::move(encoder)),
      descriptions_(encoder_.projected(), building),
      experience_(encoder_.projected(), state.pool().settings.experience_max, building) {
  state_.Set(std::make_shared<const learners::LearnedState>(std::move(state)));
}

void PoolRuntime::PutArms(std::span<const Arm* const> arms) {
  for (const Arm* arm : arms) arms_.Put(*arm);
  descriptions_.Put(arms, encoder_);
  arms_.UpdateActive(*state_.Get());
}

void PoolRuntime::Publish(std::shared_ptr<const learners::LearnedState> state,
                          std::span<const Event> events) {
  state_.Set(std::move(state));
  std::vector<const Arm*> put;
  std::vector<ArmId> touched;
  for (const Event& event : events) {
    if (const auto* arm = std::get_if<ArmEvent>(&event.body)) {
      put.push_back(&arm->arm);
      touched.push_back(arm->arm.id);
    } else if (const auto* outcome = std::get_if<OutcomeEvent>(&event.body)) {
      touched.push_back(outcome->arm);
      history_.CountOutcome(event.time, *outcome);
    }
  }
  if (!put.empty()) {
    PutArms(put);
    for (const Arm* arm : put) AskDescription(*arm);
  }
  standing_.Update(*state_.Get(), arms_.active()->ids, std::move(touched));
}

void PoolRuntime::CountDecision(const Decision& decision) {
  counters_.CountDecision(decision);
  history_.CountDecision(decision);
}

History PoolRuntime::ReadHistory(Micros span, Micros now) const {
  History history = history_.Read(span, now);
  const auto state = state_.Get();
  std::set<ArmId> seen;
  for (const HistoryBucket& bucket : history.buckets) {
    for (const auto& [id, arm] : bucket.arms) {
      if (!seen.insert(id).second) continue;
      history.names.emplace_back(id, NameOf(*state, id));
    }
  }
  return history;
}

std::vector<Sequence> PoolRuntime::AddExperience(const Experience& experience) {
  if (!has_general_background_ && background_.Add(experience.context)) {
    descriptions_.SetBackground(background_.newest());
  }
  return experience_.Add(experience);
}

void PoolRuntime::AskDescriptions() {
  const auto state = state_.Get();
  for (std::size_t i = 0; i < state->arm_count(); ++i) {
    if (const Arm* arm = state->arm(static_cast<ArmId>(i))) AskDescription(*arm);
  }
}

void PoolRuntime::AskDescription(const Arm& arm) {
  retrieval::RemoteEmbedder* const remote = encoder_.remote();
  if (remote == nullptr || arm.description.empty() || arm.status == ArmStatus::kRemoved) return;
  remote->Embed(arm.description, encoder_.dimension(),
                retrieval::RemoteEmbedder::Patience::kForever,
                [weak = weak_from_this(), id = arm.id,
                 text = arm.description](const absl::StatusOr<retrieval::Embedding>& embedding) {
                  const auto pool = weak.lock();
                  if (pool == nullptr || !embedding.ok()) return;
                  pool->remotes_.on_writer([weak, id, text, vector = *embedding] {
                    if (const auto self = weak.lock()) self->SetDescription(id, text, *vector);
                  });
                });
}

void PoolRuntime::SetDescription(ArmId id, const std::string& text,
                                 std::span<const float> embedding) {
  const auto state = state_.Get();
  const Arm* arm = state->arm(id);
  if (arm == nullptr || arm->status == ArmStatus::kRemoved || arm->description != text) return;
  descriptions_.PutVector(*arm, encoder_.Projected(embedding));
}

PoolStatistics PoolRuntime::Statistics(Micros now, bool with_checksum,
                                       const ArmFilter& filter) const {
  const auto state = state_.Get();
  PoolStatistics out;
  out.pool = name_;
  out.snapshot_version = state->version();
  out.outcomes = state->outcomes();
  out.quality_model = state->pool().settings.learner.quality_model;
  out.exploration = state->pool().settings.learner.exploration;
  out.experience_size = experience_.size();
  if (with_checksum) out.state_checksum = learners::StateChecksum(*state);
  const std::vector<uint64_t> decisions = counters_.Fill(now, out);
  for (const uint64_t n : decisions) out.decisions += n;
  const auto add = [&](std::size_t i) {
    const Arm* arm = state->arm(static_cast<ArmId>(i));
    if (arm == nullptr) return;
    const uint64_t n = i < decisions.size() ? decisions[i] : 0;
    const double share =
        out.decisions == 0 ? 0 : static_cast<double>(n) / static_cast<double>(out.decisions);
    out.arms.push_back({.name = arm->name,
                        .status = arm->status,
                        .decisions = n,
                        .share = share,
                        .is_watched = state->WatchedShare(arm->id) > 0,
                        .figures = state->Figures(arm->id, now)});
  };
  if (filter.is_none) return out;
  for (const std::string& name : filter.names) {
    if (const auto id = arms_.Find(NormalName(name))) add(Index(*id));
  }
  for (std::size_t i = 0; filter.names.empty() && i < state->arm_count(); ++i) add(i);
  return out;
}

}  // namespace pointsman::engine

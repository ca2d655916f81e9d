#include "engine/pool/pool_runtime.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/names.h"

namespace pointsman {
namespace {

constexpr std::size_t kFavourites = 16;

template <class T>
std::shared_ptr<const T> Shared(T value) {
  return std::make_shared<const T>(std::move(value));
}

// OK if an endpoint of the config gives the vectors that the pool was made with.
absl::Status CheckRemote(const EmbedderSettings& settings, const Remotes& remotes) {
  const RemoteEmbedder* remote =
      remotes.embedders == nullptr ? nullptr : remotes.embedders->Find(settings.endpoint);
  if (remote == nullptr) {
    return FailedPrecondition(
        "there is no embedder ", Quoted(settings.endpoint),
        " in the server's config; `embedders` there has: ",
        remotes.embedders == nullptr ? std::string("none") : remotes.embedders->Names());
  }
  if (remote->endpoint().model != settings.model) {
    return FailedPrecondition(
        "embedder ", Quoted(settings.endpoint), " of the config runs model ",
        Quoted(remote->endpoint().model), ", and the pool was made with ", Quoted(settings.model),
        ", whose vectors all that it learned depends on: name that model again, "
        "or make a new pool");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<PoolRuntime>> PoolRuntime::Make(LearnedState state,
                                                               Building building,
                                                               const Remotes& remotes) {
  const EmbedderSettings& settings = state.pool().settings.embedder;
  auto embedder = MakeEmbedder(settings);
  if (absl::IsInvalidArgument(embedder.status())) return embedder.status();
  if (settings.name == kRemoteEmbedder) {
    if (auto status = CheckRemote(settings, remotes); !status.ok()) embedder = status;
  }
  auto projection = MakeProjection(settings);
  RETURN_IF_ERROR(projection.status());
  std::shared_ptr<PoolRuntime> runtime(new PoolRuntime(std::move(state), std::move(embedder),
                                                       *std::move(projection), building, remotes));
  runtime->RebuildCaches();
  return runtime;
}

PoolRuntime::PoolRuntime(LearnedState state,
                         absl::StatusOr<std::shared_ptr<const Embedder>> embedder,
                         Projection projection, Building building, const Remotes& remotes)
    : id_(state.pool().id),
      name_(state.pool().name),
      embedder_status_(embedder.status()),
      embedder_(embedder.ok() ? *std::move(embedder) : nullptr),
      remote_(embedder_status_.ok() && state.pool().settings.embedder.name == kRemoteEmbedder
                  ? remotes.embedders->Find(state.pool().settings.embedder.endpoint)
                  : nullptr),
      remotes_(remotes),
      projection_(std::move(projection)),
      descriptions_(Shared(Vectors())),
      arm_index_(projection_.projected(), building),
      experience_(projection_.projected(), state.pool().settings.experience_max, building) {
  state_.Set(Shared(std::move(state)));
  if (remote_ != nullptr) remote_->Expect(projection_.dimension());
}

std::optional<ArmId> PoolRuntime::FindArm(std::string_view name) const {
  MutexLock lock(mutex_);
  if (const auto arm = FindExactly(name)) return arm;
  const std::string normal = NormalName(name);
  return normal == name ? std::nullopt : FindExactly(normal);
}

std::optional<ArmId> PoolRuntime::FindExactly(std::string_view name) const {
  const auto named = arm_names_.find(name);
  if (named != arm_names_.end() && named->second.is_living) return named->second.arm;
  if (const auto alias = aliases_.find(name); alias != aliases_.end()) return alias->second;
  return named == arm_names_.end() ? std::nullopt : std::optional<ArmId>(named->second.arm);
}

void PoolRuntime::CacheNames(const Arm& arm) {
  const NamedArm named{arm.id, arm.status != ArmStatus::kRemoved};
  arm_names_[arm.name] = named;
  // Another arm may have been put under that very spelling before names were normalised.
  NamedArm& normal = arm_names_.try_emplace(NormalName(arm.name), named).first->second;
  if (normal.arm == arm.id) normal = named;
  std::vector<std::string>& aliases = aliases_of_[arm.id];
  for (const std::string& alias : aliases) {
    if (const auto it = aliases_.find(alias); it != aliases_.end() && it->second == arm.id) {
      aliases_.erase(it);
    }
  }
  aliases.clear();
  if (named.is_living) {
    for (const std::string& alias : arm.aliases) aliases.push_back(NormalName(alias));
  }
  for (const std::string& alias : aliases) aliases_.emplace(alias, arm.id);
  if (aliases.empty()) aliases_of_.erase(arm.id);
}

float PoolRuntime::DescriptionSimilarity(std::span<const float> embedding, ArmId arm) const {
  const auto vectors = descriptions_.Get();
  const std::vector<float>* description = vectors->Get(Index(arm));
  if (description == nullptr) return 0;
  float dot = 0;
  for (std::size_t i = 0; i < embedding.size(); ++i) dot += embedding[i] * (*description)[i];
  return dot;
}

void PoolRuntime::Publish(std::shared_ptr<const LearnedState> state,
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
    }
  }
  if (!put.empty()) {
    Vectors vectors = *descriptions_.Get();
    vectors.BeginEdit();
    for (const Arm* arm : put) CacheArm(*arm, vectors);
    vectors.EndEdit();
    descriptions_.Set(Shared(std::move(vectors)));
    for (const Arm* arm : put) AskDescription(*arm);
    UpdateActive();
  }
  UpdateFavourites(std::move(touched));
}

std::vector<Sequence> PoolRuntime::AddExperience(const Experience& experience) {
  return experience_.Add(experience);
}

void PoolRuntime::RebuildCaches() {
  const auto state = state_.Get();
  Vectors vectors;
  vectors.BeginEdit();
  for (std::size_t i = 0; i < state->arm_count(); ++i) {
    if (const Arm* arm = state->arm(static_cast<ArmId>(i))) CacheArm(*arm, vectors);
  }
  vectors.EndEdit();
  descriptions_.Set(Shared(std::move(vectors)));
  UpdateActive();
  favourites_.Set(Shared(std::vector<ArmId>()));
  keeps_favourites_ = false;
  UpdateFavourites({});
}

void PoolRuntime::CacheArm(const Arm& arm, Vectors& vectors) {
  {
    MutexLock lock(mutex_);
    CacheNames(arm);
    if (decisions_.size() <= Index(arm.id)) decisions_.resize(Index(arm.id) + 1);
  }
  std::vector<float> description = DescribeArm(arm);
  // What a remote embedder gave stays until it gives another.
  if (remote_ != nullptr && !arm.description.empty()) {
    if (const auto* present = vectors.Get(Index(arm.id))) description = *present;
  }
  if (arm.status == ArmStatus::kActive && !description.empty()) {
    arm_index_.Put(arm.id, description);
  } else {
    arm_index_.Remove(arm.id);
  }
  if (description.empty()) {
    if (vectors.Get(Index(arm.id)) != nullptr) vectors.Set(Index(arm.id), nullptr);
  } else {
    vectors.Set(Index(arm.id), std::make_shared<std::vector<float>>(std::move(description)));
  }
}

// Empty if there is nothing to say or nobody to say it.
std::vector<float> PoolRuntime::DescribeArm(const Arm& arm) const {
  if (embedder_ == nullptr || arm.description.empty()) return {};
  std::vector<float> embedding(embedder_->dimension());
  embedder_->Embed(arm.description, embedding);
  std::vector<float> description(projection_.projected());
  projection_.Apply(embedding, description);
  const bool is_zero =
      std::all_of(description.begin(), description.end(), [](float value) { return value == 0; });
  return is_zero ? std::vector<float>() : description;
}

void PoolRuntime::AskDescriptions() {
  const auto state = state_.Get();
  for (std::size_t i = 0; i < state->arm_count(); ++i) {
    if (const Arm* arm = state->arm(static_cast<ArmId>(i))) AskDescription(*arm);
  }
}

void PoolRuntime::AskDescription(const Arm& arm) {
  if (remote_ == nullptr || arm.description.empty() || arm.status == ArmStatus::kRemoved) return;
  remote_->Embed(arm.description, remote_dimension(), RemoteEmbedder::Patience::kForever,
                 [weak = weak_from_this(), id = arm.id,
                  text = arm.description](const absl::StatusOr<Embedding>& embedding) {
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
  std::vector<float> description(projection_.projected());
  projection_.Apply(embedding, description);
  if (arm->status == ArmStatus::kActive) arm_index_.Put(id, description);
  Vectors vectors = *descriptions_.Get();
  vectors.BeginEdit();
  vectors.Set(Index(id), std::make_shared<std::vector<float>>(std::move(description)));
  vectors.EndEdit();
  descriptions_.Set(Shared(std::move(vectors)));
}

void PoolRuntime::UpdateActive() {
  const auto state = state_.Get();
  std::vector<ArmId> active;
  for (std::size_t i = 0; i < state->arm_count(); ++i) {
    const Arm* arm = state->arm(static_cast<ArmId>(i));
    if (arm != nullptr && arm->status == ArmStatus::kActive) active.push_back(arm->id);
  }
  active_.Set(Shared(std::move(active)));
}

void PoolRuntime::UpdateFavourites(std::vector<ArmId> arms) {
  const auto state = state_.Get();
  const bool kept_before = keeps_favourites_;
  keeps_favourites_ = active()->size() > state->pool().settings.shortlist_size;
  if (!keeps_favourites_) return;
  if (!kept_before) arms = *active();  // the pool has just outgrown its shortlist
  arms.insert(arms.end(), favourites()->begin(), favourites()->end());
  std::sort(arms.begin(), arms.end());
  arms.erase(std::unique(arms.begin(), arms.end()), arms.end());
  std::vector<std::pair<double, ArmId>> ranked;
  for (const ArmId id : arms) {
    const Arm* arm = state->arm(id);
    if (arm == nullptr || arm->status != ArmStatus::kActive) continue;
    const ArmFigures figures = state->Figures(id, state->time());
    if (figures.outcomes > 0 || arm->prior_quality) ranked.push_back({-figures.level.mean, id});
  }
  std::sort(ranked.begin(), ranked.end());
  if (ranked.size() > kFavourites) ranked.resize(kFavourites);
  std::vector<ArmId> best;
  for (const auto& [level, id] : ranked) best.push_back(id);
  favourites_.Set(Shared(std::move(best)));
}

void PoolRuntime::CountDecision(const Decision& decision) {
  fallbacks_ += decision.context_source == ContextSource::kNone;
  const ArmId arm = decision.chosen.front().arm;
  double best = -std::numeric_limits<double>::infinity(), chosen = best;
  for (const Candidate& candidate : decision.candidates) {
    best = std::max(best, candidate.utility);
    if (candidate.arm == arm) chosen = candidate.utility;
  }
  MutexLock lock(mutex_);
  explored_ += chosen < best;
  // An arm may be seen in the published state a moment before the caches know it.
  if (decisions_.size() <= Index(arm)) decisions_.resize(Index(arm) + 1);
  ++decisions_[Index(arm)];
}

void PoolRuntime::CountLag(Micros lag) {
  const double seconds = std::max(0.0, static_cast<double>(lag) / kMicrosPerSecond);
  const auto& bounds = FeedbackLag::kBoundsSeconds;
  const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin();
  MutexLock lock(mutex_);
  ++lag_.counts[static_cast<std::size_t>(bucket)];
  lag_.sum_s += seconds;
}

void PoolRuntime::NoteSnapshot(Sequence version, Micros now) {
  MutexLock lock(mutex_);
  snapshotted_ = version;
  snapshot_at_ = now;
}

void PoolRuntime::CountFeedback(FeedbackResult result) {
  ++feedback_[static_cast<std::size_t>(result)];
}

PoolStatistics PoolRuntime::Statistics(Micros now, bool with_checksum) const {
  const auto state = state_.Get();
  PoolStatistics out;
  out.pool = name_;
  out.snapshot_version = state->version();
  out.outcomes = state->outcomes();
  out.quality_model = state->pool().settings.learner.quality_model;
  out.exploration = state->pool().settings.learner.exploration;
  out.experience_size = experience_.size();
  out.missing = missing_.load();
  out.fallbacks = fallbacks_.load();
  if (with_checksum) out.state_checksum = StateChecksum(*state);
  const auto count = [&](FeedbackResult result) {
    return feedback_[static_cast<std::size_t>(result)].load();
  };
  out.feedback = {count(FeedbackResult::kApplied),    count(FeedbackResult::kMerged),
                  count(FeedbackResult::kCorrected),  count(FeedbackResult::kAlreadyApplied),
                  count(FeedbackResult::kLate),       refused_.load(),
                  count(FeedbackResult::kOverWeight), count(FeedbackResult::kClosed)};
  std::vector<uint64_t> decisions;
  {
    MutexLock lock(mutex_);
    decisions = decisions_;
    out.explored = explored_;
    out.lag = lag_;
    if (snapshotted_ < out.snapshot_version) {
      out.snapshot_age_s = static_cast<double>(now - snapshot_at_) / kMicrosPerSecond;
    }
  }
  for (const uint64_t n : decisions) out.decisions += n;
  for (std::size_t i = 0; i < state->arm_count(); ++i) {
    const Arm* arm = state->arm(static_cast<ArmId>(i));
    if (arm == nullptr) continue;
    const uint64_t n = i < decisions.size() ? decisions[i] : 0;
    const double share =
        out.decisions == 0 ? 0 : static_cast<double>(n) / static_cast<double>(out.decisions);
    out.arms.push_back({arm->name, arm->status, n, share, state->Figures(arm->id, now)});
  }
  return out;
}

}  // namespace pointsman

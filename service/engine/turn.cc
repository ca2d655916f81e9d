#include "service/engine/turn.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/status_macros.h"

namespace pointsman {

Turn::PoolTurn& Turn::TurnOf(const std::shared_ptr<PoolRuntime>& pool) {
  PoolTurn& turn = pools_[pool->id()];
  if (turn.pool == nullptr) turn.pool = pool;
  return turn;
}

Sequence Turn::Append(const std::shared_ptr<PoolRuntime>& pool,
                      std::variant<OutcomeEvent, ArmEvent, PoolEvent> body) {
  PoolTurn& turn = TurnOf(pool);
  const auto state = pool->state();
  Event event;
  event.pool = pool->id();
  event.sequence = state->version() + turn.events.size() + 1;
  event.time = std::max(now_, turn.events.empty() ? state->time() : turn.events.back().time);
  if (const auto* put = std::get_if<ArmEvent>(&body)) {
    if (Index(put->arm.id) >= state->arm_count() + turn.new_arms) ++turn.new_arms;
    turn.arms[put->arm.name] = put->arm;
  }
  if (const auto* outcome = std::get_if<OutcomeEvent>(&body);
      outcome != nullptr && outcome->is_first && outcome->is_learned) {
    turn.ticks += outcome->weight;
  }
  event.body = std::move(body);
  turn.events.push_back(std::move(event));
  return turn.events.back().sequence;
}

Anchor Turn::NextAnchor(const std::shared_ptr<PoolRuntime>& pool, double weight) const {
  const auto state = pool->state();
  Anchor anchor{std::max(now_, state->time()), state->clock() + weight};
  if (const auto it = pools_.find(pool->id()); it != pools_.end()) {
    anchor.clock += it->second.ticks;
    if (!it->second.events.empty()) {
      anchor.time = std::max(now_, it->second.events.back().time);
    }
  }
  return anchor;
}

std::optional<Arm> Turn::FindArm(const std::shared_ptr<PoolRuntime>& pool,
                                 std::string_view name) const {
  if (const auto it = pools_.find(pool->id()); it != pools_.end()) {
    const auto& arms = it->second.arms;
    if (const auto arm = arms.find(name); arm != arms.end()) return arm->second;
    for (const auto& [put, arm] : arms) {
      if (std::find(arm.aliases.begin(), arm.aliases.end(), name) != arm.aliases.end()) return arm;
    }
  }
  const auto id = pool->FindArm(name);
  if (!id) return std::nullopt;
  return *pool->state()->arm(*id);
}

std::size_t Turn::ArmCount(const std::shared_ptr<PoolRuntime>& pool) const {
  const auto it = pools_.find(pool->id());
  return pool->state()->arm_count() + (it == pools_.end() ? 0 : it->second.new_arms);
}

absl::StatusOr<std::optional<FeedbackRecord>> Turn::ReadFeedback(const FeedbackKey& key) const {
  if (const auto it = feedback_.find(KeyOf(key)); it != feedback_.end()) return it->second.second;
  return log_.ReadFeedback(key);
}

void Turn::PutFeedback(const FeedbackKey& key, FeedbackRecord record) {
  feedback_[KeyOf(key)] = {key, std::move(record)};
}

double Turn::UsedWeight(const std::shared_ptr<PoolRuntime>& pool, ClientKey client,
                        ArmId arm) const {
  const double before = pool->client_weights().Used(client, arm, now_);
  const auto it = pools_.find(pool->id());
  if (it == pools_.end()) return before;
  const auto counted = it->second.weights.find({client, arm});
  return counted == it->second.weights.end() ? before : before + counted->second;
}

void Turn::CountWeight(const std::shared_ptr<PoolRuntime>& pool, ClientKey client, ArmId arm,
                       double weight) {
  TurnOf(pool).weights[{client, arm}] += weight;
}

void Turn::WithdrawExperience(const std::shared_ptr<PoolRuntime>& pool, Experience experience) {
  std::erase_if(batch_.experience, [&](const auto& put) {
    return put.first == pool->id() && put.second.sequence == experience.sequence;
  });
  RemoveExperience(pool->id(), experience.sequence);
  experience.quality = std::numeric_limits<float>::quiet_NaN();
  TurnOf(pool).experience.push_back(std::move(experience));
}

void Turn::PutExperience(const std::shared_ptr<PoolRuntime>& pool, Experience experience) {
  std::erase(batch_.experience_removed, std::make_pair(pool->id(), experience.sequence));
  batch_.experience.emplace_back(pool->id(), experience);
  TurnOf(pool).experience.push_back(std::move(experience));
}

bool Turn::empty() const {
  return pools_.empty() && feedback_.empty() && batch_.pools.empty() &&
         batch_.experience_removed.empty() && batch_.progress.empty();
}

absl::Status Turn::LearnAppended(PoolTurn& turn) {
  RETURN_IF_ERROR(void_);
  if (turn.learned == nullptr) turn.learned = std::make_shared<LearnedState>(*turn.pool->state());
  const auto fresh = std::span<const Event>(turn.events).subspan(turn.learned_count);
  if (fresh.empty()) return absl::OkStatus();
  void_ = turn.learned->Learn(fresh);
  turn.learned_count = turn.events.size();
  return void_;
}

absl::StatusOr<const LearnedState*> Turn::Learned(const std::shared_ptr<PoolRuntime>& pool) {
  PoolTurn& turn = TurnOf(pool);
  RETURN_IF_ERROR(LearnAppended(turn));
  return turn.learned.get();
}

absl::StatusOr<std::vector<Turn::Evicted>> Turn::Commit() {
  for (auto& [id, turn] : pools_) {
    RETURN_IF_ERROR(LearnAppended(turn));
    batch_.events.insert(batch_.events.end(), turn.events.begin(), turn.events.end());
  }
  for (auto& [key, entry] : feedback_) batch_.feedback.push_back(std::move(entry));
  RETURN_IF_ERROR(log_.Commit(batch_, Durability::kDisk));

  std::vector<Evicted> evicted;
  for (auto& [id, turn] : pools_) {
    for (const Experience& experience : turn.experience) {
      for (const Sequence gone : turn.pool->AddExperience(experience)) {
        evicted.push_back({id, gone});
      }
    }
    for (const auto& [key, weight] : turn.weights) {
      turn.pool->client_weights().Count(key.first, key.second, weight, now_);
    }
    turn.pool->Publish(std::move(turn.learned), turn.events);
  }
  return evicted;
}

std::vector<std::shared_ptr<PoolRuntime>> Turn::touched() const {
  std::vector<std::shared_ptr<PoolRuntime>> pools;
  for (const auto& [id, turn] : pools_) pools.push_back(turn.pool);
  return pools;
}

}  // namespace pointsman

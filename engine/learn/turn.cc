#include "engine/learn/turn.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/status_macros.h"

namespace pointsman::engine {

void Turn::PoolTurn::PutArm(const Arm& arm) {
  Arm& put = arms[arm.name];
  for (const std::string& alias : put.aliases) {
    const auto it = aliases.find(alias);
    if (it != aliases.end() && it->second == arm.name) aliases.erase(it);
  }
  put = arm;
  for (const std::string& alias : arm.aliases) aliases[alias] = arm.name;
}

Turn::PoolTurn& Turn::TurnOf(const std::shared_ptr<PoolRuntime>& pool) {
  PoolTurn& turn = pools_[pool->id()];
  if (turn.pool == nullptr) {
    turn.pool = pool;
    turn.fold.emplace(pool->state(),
                      [this](const storage::FeedbackKey& key) { return ReadFeedback(key); });
  }
  return turn;
}

Micros Turn::TimeOf(const std::shared_ptr<PoolRuntime>& pool) const {
  const auto it = pools_.find(pool->id());
  return std::max(now_, it == pools_.end() ? pool->state()->time() : it->second.fold->time());
}

Sequence Turn::Append(const std::shared_ptr<PoolRuntime>& pool, EventBody body) {
  PoolTurn& turn = TurnOf(pool);
  const auto state = pool->state();
  Event event;
  event.pool = pool->id();
  const Sequence sequence = event.sequence = turn.fold->next();
  event.time = TimeOf(pool);
  if (const auto* put = std::get_if<ArmEvent>(&body)) {
    if (Index(put->arm.id) >= state->arm_count() + turn.new_arms) ++turn.new_arms;
    turn.PutArm(put->arm);
  }
  if (auto* outcome = std::get_if<OutcomeEvent>(&body);
      outcome != nullptr && outcome->is_first && outcome->is_learned) {
    turn.ticks += outcome->weight;
    outcome->anchor = Anchor{event.time, state->clock() + turn.ticks};
  }
  event.body = std::move(body);
  auto applied = turn.fold->Apply(std::move(event));
  if (applied.ok()) {
    Take(std::move(applied->effects), turn);
  } else if (void_.ok()) {
    void_ = applied.status();
  }
  return sequence;
}

void Turn::Take(Effects effects, PoolTurn& turn) {
  for (auto& [key, record] : effects.feedback) PutFeedback(key, std::move(record));
  if (effects.experience) Take(*std::move(effects.experience), turn);
  if (effects.progress) batch_.progress.emplace_back(turn.pool->id(), *std::move(effects.progress));
  if (effects.counted) {
    turn.weights[{effects.counted->client, effects.counted->arm}] += effects.counted->weight;
  }
  turn.clears_weights |= effects.clears_weights;
  if (effects.lag) turn.lags.push_back(*effects.lag);
}

void Turn::Take(ExperienceChange change, PoolTurn& turn) {
  Experience& experience = change.experience;
  const PoolId pool = turn.pool->id();
  if (change.is_removed) {
    std::erase_if(batch_.experience, [&](const auto& put) {
      return put.first == pool && put.second.sequence == experience.sequence;
    });
    RemoveExperience(pool, experience.sequence);
    experience.quality = std::numeric_limits<float>::quiet_NaN();
  } else {
    std::erase(batch_.experience_removed, std::make_pair(pool, experience.sequence));
    batch_.experience.emplace_back(pool, experience);
  }
  turn.experience.push_back(std::move(experience));
}

std::optional<Arm> Turn::FindArm(const std::shared_ptr<PoolRuntime>& pool,
                                 std::string_view name) const {
  const auto it = pools_.find(pool->id());
  if (it != pools_.end()) {
    const auto& arms = it->second.arms;
    if (const auto arm = arms.find(name); arm != arms.end()) return arm->second;
    const auto& aliases = it->second.aliases;
    if (const auto alias = aliases.find(name); alias != aliases.end()) {
      return arms.find(alias->second)->second;
    }
  }
  const auto id = pool->arms().Find(name);
  if (!id) return std::nullopt;
  Arm published = *pool->state()->arm(*id);
  // This turn has taken the alias away from that arm.
  if (it != pools_.end() && it->second.arms.contains(published.name)) return std::nullopt;
  return published;
}

std::size_t Turn::ArmCount(const std::shared_ptr<PoolRuntime>& pool) const {
  const auto it = pools_.find(pool->id());
  return pool->state()->arm_count() + (it == pools_.end() ? 0 : it->second.new_arms);
}

absl::StatusOr<std::optional<storage::FeedbackRecord>> Turn::ReadFeedback(
    const storage::FeedbackKey& key) const {
  const Key k = KeyOf(key);
  if (const auto it = feedback_.find(k); it != feedback_.end()) return it->second.second;
  if (const auto it = read_.find(k); it != read_.end()) return it->second;
  auto record = log_.ReadFeedback(key);
  if (record.ok() && *record && (*record)->decision_time < forgotten_before_) record->reset();
  if (record.ok()) read_.emplace(k, *record);
  return record;
}

void Turn::PutFeedback(const storage::FeedbackKey& key, storage::FeedbackRecord record) {
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

bool Turn::empty() const {
  return pools_.empty() && feedback_.empty() && batch_.pools.empty() &&
         batch_.experience_removed.empty() && !batch_.applied;
}

Turn::Gathered Turn::gathered() const {
  Gathered gathered;
  for (const auto& [id, turn] : pools_) {
    if (!turn.fold->events().empty()) gathered.events.emplace_back(turn.pool, turn.fold->events());
  }
  for (const auto& [key, record] : read_) {
    const auto& [pool, decision_id, arm] = key;
    gathered.read.emplace_back(storage::FeedbackKey{PoolId{pool}, decision_id, ArmId{arm}}, record);
  }
  gathered.split = split_;
  return gathered;
}

absl::Status Turn::LearnAppended(PoolTurn& turn) {
  RETURN_IF_ERROR(void_);
  void_ = turn.fold->Learn();
  return void_;
}

absl::StatusOr<const learners::LearnedState*> Turn::Learned(
    const std::shared_ptr<PoolRuntime>& pool) {
  PoolTurn& turn = TurnOf(pool);
  RETURN_IF_ERROR(LearnAppended(turn));
  return turn.fold->learned().get();
}

absl::StatusOr<std::vector<Turn::Evicted>> Turn::Commit(storage::Durability durability) {
  RETURN_IF_ERROR(void_);
  for (auto& [id, turn] : pools_) {
    RETURN_IF_ERROR(LearnAppended(turn));
    const std::vector<Event>& events = turn.fold->events();
    batch_.events.insert(batch_.events.end(), events.begin(), events.end());
  }
  for (auto& [key, entry] : feedback_) batch_.feedback.push_back(std::move(entry));
  RETURN_IF_ERROR(log_.Commit(batch_, durability));

  std::vector<Evicted> evicted;
  for (auto& [id, turn] : pools_) Publish(turn, evicted, id);
  return evicted;
}

void Turn::Publish(PoolTurn& turn, std::vector<Evicted>& evicted, PoolId id) {
  for (const Experience& experience : turn.experience) {
    for (const Sequence gone : turn.pool->AddExperience(experience)) evicted.push_back({id, gone});
  }
  ClientWeights& weights = turn.pool->client_weights();
  for (const auto& [key, weight] : turn.weights) {
    weights.Count(key.first, key.second, weight, turn.fold->time());
  }
  if (turn.clears_weights) weights.Clear();
  for (const Micros lag : turn.lags) turn.pool->counters().CountLag(lag);
  turn.pool->Publish(turn.fold->learned(), turn.fold->events());
}

std::vector<std::shared_ptr<PoolRuntime>> Turn::touched() const {
  std::vector<std::shared_ptr<PoolRuntime>> pools;
  for (const auto& [id, turn] : pools_) pools.push_back(turn.pool);
  return pools;
}

}  // namespace pointsman::engine

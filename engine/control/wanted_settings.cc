#include "engine/control/wanted_settings.h"

#include <optional>

#include "base/strings.h"
#include "domain/names.h"

namespace pointsman::engine {

void KeepUnspecified(const EmbedderSettings& present, EmbedderSettings& wanted) {
  if (wanted.name != present.name) return;
  if (wanted.dimension == 0) wanted.dimension = present.dimension;
  if (wanted.projected == 0) wanted.projected = present.projected;
  if (wanted.lexicon_file.empty()) wanted.lexicon_file = present.lexicon_file;
  if (wanted.lexicon_checksum == 0) wanted.lexicon_checksum = present.lexicon_checksum;
  if (wanted.endpoint.empty()) wanted.endpoint = present.endpoint;
  if (wanted.model.empty()) wanted.model = present.model;
}

void NormaliseFeatures(const PoolSettings* present, PoolSettings& wanted) {
  for (std::size_t i = 0; i < wanted.features.size(); ++i) {
    std::string& name = wanted.features[i].name;
    const bool is_there = present != nullptr && i < present->features.size() &&
                          IsSameName(present->features[i].name, name);
    name = is_there ? present->features[i].name : NormalName(name);
  }
}

void KeepSpelling(const PoolRuntime& pool, PoolSettings& wanted) {
  const auto id = pool.arms().Find(wanted.holdout_arm);
  const auto state = pool.state();
  const Arm* const arm = id ? state->arm(*id) : nullptr;
  if (arm != nullptr && IsSameName(arm->name, wanted.holdout_arm)) wanted.holdout_arm = arm->name;
}

void AddBaselineNote(const Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                     const PoolSettings& wanted, std::vector<std::string>& notes) {
  if (!(wanted.holdout_share > 0) || wanted.holdout_arm.empty()) return;
  const std::optional<Arm> baseline = turn.FindArm(pool, wanted.holdout_arm);
  if (baseline && baseline->status != ArmStatus::kRemoved) return;
  notes.push_back(Cat("settings.holdout_arm: the pool has no arm ", Quoted(wanted.holdout_arm),
                      ", so no decision has a group"));
}

}  // namespace pointsman::engine

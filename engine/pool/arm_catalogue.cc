#include "engine/pool/arm_catalogue.h"

#include <algorithm>
#include <utility>

#include "domain/names.h"

namespace pointsman::engine {
namespace {

// The smaller limit; 0 is none.
int64_t Least(int64_t a, int64_t b) {
  if (a <= 0 || b <= 0) return std::max(a, b);
  return std::min(a, b);
}

}  // namespace

ArmCatalogue::ArmCatalogue() : active_(std::make_shared<const ActiveArms>()) {}

std::optional<ArmId> ArmCatalogue::Find(std::string_view name) const {
  MutexLock lock(mutex_);
  if (const auto arm = FindExactly(name)) return arm;
  const std::string normal = NormalName(name);
  return normal == name ? std::nullopt : FindExactly(normal);
}

std::optional<ArmId> ArmCatalogue::FindExactly(std::string_view name) const {
  const auto named = names_.find(name);
  if (named != names_.end() && named->second.is_living) return named->second.arm;
  if (const auto alias = aliases_.find(name); alias != aliases_.end()) return alias->second;
  return named == names_.end() ? std::nullopt : std::optional<ArmId>(named->second.arm);
}

void ArmCatalogue::Put(const Arm& arm) {
  MutexLock lock(mutex_);
  const NamedArm named{arm.id, arm.status != ArmStatus::kRemoved};
  names_[arm.name] = named;
  // Before names were normalised, another arm may have been put under exactly this spelling.
  NamedArm& normal = names_.try_emplace(NormalName(arm.name), named).first->second;
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

void ArmCatalogue::UpdateActive(const learners::LearnedState& state) {
  ActiveArms active;
  active.as_of = state.arms_version();
  for (std::size_t i = 0; i < state.arm_count(); ++i) {
    const Arm* arm = state.arm(static_cast<ArmId>(i));
    if (arm == nullptr || arm->status != ArmStatus::kActive) continue;
    active.ids.push_back(arm->id);
    active.context_tokens_least = Least(active.context_tokens_least, arm->context_tokens_max);
    active.output_tokens_least = Least(active.output_tokens_least, arm->output_tokens_max);
  }
  active_.Set(std::make_shared<const ActiveArms>(std::move(active)));
}

}  // namespace pointsman::engine

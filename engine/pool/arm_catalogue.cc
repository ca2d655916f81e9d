#include "engine/pool/arm_catalogue.h"

#include <algorithm>
#include <utility>

#include "domain/names.h"

namespace pointsman::engine {
namespace {

constexpr std::size_t kFavourites = 16;

template <class T>
std::shared_ptr<const T> Shared(T value) {
  return std::make_shared<const T>(std::move(value));
}

}  // namespace

ArmCatalogue::ArmCatalogue()
    : active_(Shared(std::vector<ArmId>())), favourites_(Shared(std::vector<ArmId>())) {}

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
  std::vector<ArmId> active;
  for (std::size_t i = 0; i < state.arm_count(); ++i) {
    const Arm* arm = state.arm(static_cast<ArmId>(i));
    if (arm != nullptr && arm->status == ArmStatus::kActive) active.push_back(arm->id);
  }
  active_.Set(Shared(std::move(active)));
}

void ArmCatalogue::UpdateFavourites(const learners::LearnedState& state, std::vector<ArmId> arms) {
  const bool kept_before = keeps_favourites_;
  keeps_favourites_ = active()->size() > state.pool().settings.shortlist_size;
  if (!keeps_favourites_) return;
  if (!kept_before) arms = *active();  // the pool has just outgrown its shortlist
  arms.insert(arms.end(), favourites()->begin(), favourites()->end());
  std::sort(arms.begin(), arms.end());
  arms.erase(std::unique(arms.begin(), arms.end()), arms.end());
  std::vector<std::pair<double, ArmId>> ranked;
  for (const ArmId id : arms) {
    const Arm* arm = state.arm(id);
    if (arm == nullptr || arm->status != ArmStatus::kActive) continue;
    const learners::ArmFigures figures = state.Figures(id, state.time());
    if (figures.outcomes > 0 || arm->prior_quality) ranked.push_back({-figures.level.mean, id});
  }
  std::sort(ranked.begin(), ranked.end());
  if (ranked.size() > kFavourites) ranked.resize(kFavourites);
  std::vector<ArmId> best;
  for (const auto& [level, id] : ranked) best.push_back(id);
  favourites_.Set(Shared(std::move(best)));
}

void ArmCatalogue::ForgetFavourites() {
  favourites_.Set(Shared(std::vector<ArmId>()));
  keeps_favourites_ = false;
}

}  // namespace pointsman::engine

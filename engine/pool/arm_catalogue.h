// The arms of a pool as requests find them: by name and alias, those that are active, and the few best so far. A cache
// of the learned state.
// Threads: const methods from any thread; the others from the log writer.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/published.h"
#include "domain/arm.h"
#include "learners/state/learned_state.h"

namespace pointsman::engine {

class ArmCatalogue {
 public:
  ArmCatalogue();

  // By its name, or by an alias; compared as in domain/names.h. The name of a living arm wins over an alias, and that
  // over the name of a removed arm.
  std::optional<ArmId> Find(std::string_view name) const;
  // Active arms by id, ascending.
  std::shared_ptr<const std::vector<ArmId>> active() const { return active_.Get(); }
  // The few arms with the highest levels so far; only kept for pools that need a shortlist.
  std::shared_ptr<const std::vector<ArmId>> favourites() const { return favourites_.Get(); }

  // The arm as it was put.
  void Put(const Arm& arm);
  void UpdateActive(const learners::LearnedState& state);
  // The best levels among the present favourites and the arms that may have risen; among all arms
  // when the pool begins to need favourites.
  void UpdateFavourites(const learners::LearnedState& state, std::vector<ArmId> risen);
  // All arms are looked at again.
  void ForgetFavourites();

 private:
  std::optional<ArmId> FindExactly(std::string_view name) const REQUIRES_LOCK(mutex_);

  Published<std::vector<ArmId>> active_;
  Published<std::vector<ArmId>> favourites_;
  bool keeps_favourites_ = false;  // writer's
  mutable Mutex mutex_;
  struct NamedArm {
    ArmId arm{};
    bool is_living = false;
  };
  // As they were put, and in NFC. Aliases are those of living arms.
  std::map<std::string, NamedArm, std::less<>> names_ GUARDED_BY(mutex_);
  std::map<std::string, ArmId, std::less<>> aliases_ GUARDED_BY(mutex_);
  std::map<ArmId, std::vector<std::string>> aliases_of_ GUARDED_BY(mutex_);
};

}  // namespace pointsman::engine

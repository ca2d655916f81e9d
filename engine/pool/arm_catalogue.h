// The arms of a pool as requests find them: by name and alias, the active ones, and the few best so far. A
// cache of the learned state.
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

  // Finds an arm by its name or an alias, compared as in domain/names.h. The name of a living arm takes
  // precedence over an alias, and an alias over the name of a removed arm.
  std::optional<ArmId> Find(std::string_view name) const;
  // Active arms by id, ascending.
  std::shared_ptr<const std::vector<ArmId>> active() const { return active_.Get(); }
  // The few arms with the highest levels so far. They are kept only for pools that need a shortlist.
  std::shared_ptr<const std::vector<ArmId>> favourites() const { return favourites_.Get(); }

  // Adds or replaces an arm.
  void Put(const Arm& arm);
  void UpdateActive(const learners::LearnedState& state);
  // Chooses the arms with the best levels among the present favourites and `risen`, the arms that may have
  // risen. When the pool begins to need favourites, it chooses among all active arms.
  void UpdateFavourites(const learners::LearnedState& state, std::vector<ArmId> risen);
  // Makes the next update look at all active arms again.
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
  // Names as they were put, and in NFC. Aliases are those of living arms.
  std::map<std::string, NamedArm, std::less<>> names_ GUARDED_BY(mutex_);
  std::map<std::string, ArmId, std::less<>> aliases_ GUARDED_BY(mutex_);
  std::map<ArmId, std::vector<std::string>> aliases_of_ GUARDED_BY(mutex_);
};

}  // namespace pointsman::engine

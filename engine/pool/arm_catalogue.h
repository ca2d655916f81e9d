// The arms of a pool as requests find them: by name and alias, and the active ones with the limits that all of
// them keep. A cache of the learned state.
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

struct ActiveArms {
  std::vector<ArmId> ids;  // ascending
  // The arms are as this event left them (LearnedState::arms_version).
  Sequence as_of = 0;
  // The smallest limits among the arms that have one; 0: none has.
  int64_t context_tokens_least = 0;
  int64_t output_tokens_least = 0;
};

class ArmCatalogue {
 public:
  ArmCatalogue();

  // Finds an arm by its name or an alias, compared as in domain/names.h. The name of a living arm takes
  // precedence over an alias, and an alias over the name of a removed arm.
  std::optional<ArmId> Find(std::string_view name) const;
  std::shared_ptr<const ActiveArms> active() const { return active_.Get(); }

  // Adds or replaces an arm.
  void Put(const Arm& arm);
  void UpdateActive(const learners::LearnedState& state);

 private:
  std::optional<ArmId> FindExactly(std::string_view name) const REQUIRES_LOCK(mutex_);

  Published<ActiveArms> active_;
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

// The arms of a large pool that are candidates of every request they can take, whatever its text. A cache of
// the learned state, kept only while the pool has more arms than its shortlist.
//   favourites  the few arms with the highest levels so far
//   watched     late arms, and arms that failed or fell: the arms for which a share of the choices is kept
//   on trial    arms with few outcomes, a few at a time, so that attention to them adds up. An arm leaves at 40
//               outcomes, after 1,000 outcomes of the pool, or as soon as its level plus two deviations is below
//               the best favourite's level. The next arm is the most promising of some that are looked at in
//               turn.
// Cost: Update O(arms that the events touched + 256); O(arms) when the pool outgrows its shortlist.
// Threads: get from any thread; Update from the log writer.
// Source: attention to few arms at first, Bayati, Hamidi, Johari and Khosravi 2020.
#pragma once

#include <memory>
#include <vector>

#include "base/published.h"
#include "domain/types.h"
#include "learners/state/learned_state.h"

namespace pointsman::engine {

constexpr std::size_t kFavouritesMax = 16;

// The `count` arms of `arms` with the highest levels, among the active ones with outcomes or a prior quality of
// their own. In ascending order of id.
std::vector<ArmId> HighestLevels(const learners::LearnedState& state, std::vector<ArmId> arms,
                                 std::size_t count);

class StandingArms {
 public:
  StandingArms();

  // In ascending order of id; empty in a pool that needs no shortlist.
  std::shared_ptr<const std::vector<ArmId>> get() const { return all_.Get(); }

  // `active`: the pool's active arms, ascending. `touched`: those whose settings or outcomes have changed.
  void Update(const learners::LearnedState& state, const std::vector<ArmId>& active,
              std::vector<ArmId> touched);

 private:
  struct Trial {
    ArmId arm{};
    double since = 0;  // clock
  };
  void Clear();
  void UpdateWatched(const learners::LearnedState& state, const std::vector<ArmId>& touched);
  void UpdateTrials(const learners::LearnedState& state, const std::vector<ArmId>& active);

  bool is_kept_ = false;
  std::vector<ArmId> favourites_, watched_;
  std::vector<Trial> trials_;
  std::size_t next_ = 0;  // where among the active arms the search for the next trial goes on
  Published<std::vector<ArmId>> all_;
};

}  // namespace pointsman::engine

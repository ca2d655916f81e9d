// A pool while it serves: its published learned state, and the parts derived from it. These are the encoder of
// queries, the arms by name, the index of descriptions, past outcomes, the weights that clients used, and
// counters. The log is the source of truth; everything here is a cache.
// Concurrency: const methods and counters from any thread; the others from the log writer.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/published.h"
#include "domain/event.h"
#include "engine/pool/arm_catalogue.h"
#include "engine/pool/client_weights.h"
#include "engine/pool/description_index.h"
#include "engine/pool/pool_counters.h"
#include "engine/pool/pool_history.h"
#include "engine/pool/query_background.h"
#include "engine/pool/query_encoder.h"
#include "engine/pool/standing_arms.h"
#include "engine/request/statistics.h"
#include "learners/state/learned_state.h"
#include "retrieval/index/experience_index.h"

namespace pointsman::engine {

class PoolRuntime : public std::enable_shared_from_this<PoolRuntime> {
 public:
  // Errors: those of QueryEncoder::Make.
  static absl::StatusOr<std::shared_ptr<PoolRuntime>> Make(learners::LearnedState state,
                                                           retrieval::Building building,
                                                           const Remotes& remotes);

  PoolId id() const { return id_; }
  const std::string& name() const { return name_; }
  std::shared_ptr<const learners::LearnedState> state() const { return state_.Get(); }

  const QueryEncoder& encoder() const { return encoder_; }
  const ArmCatalogue& arms() const { return arms_; }
  // Candidates of every request that they can take, in a pool larger than its shortlist.
  const StandingArms& standing_arms() const { return standing_; }
  const DescriptionIndex& descriptions() const { return descriptions_; }
  const retrieval::ExperienceIndex& experience() const { return experience_; }
  PoolCounters& counters() { return counters_; }
  PoolHistory& history() { return history_; }
  // How much of each client's feedback was counted, in a pool that bounds it.
  ClientWeights& client_weights() { return client_weights_; }

  // Counts a decision that was made, in the counters and in the history.
  void CountDecision(const Decision& decision);
  // The history of the last `span`, with the arms' names.
  History ReadHistory(Micros span, Micros now) const;
  // Publishes a state, then updates the parts with its events.
  void Publish(std::shared_ptr<const learners::LearnedState> state, std::span<const Event> events);
  // Returns the experiences that were dropped from the bounded memory.
  std::vector<Sequence> AddExperience(const Experience& experience);
  // Requests the vectors of all descriptions from the remote embedder, if the pool has one. They arrive
  // asynchronously.
  void AskDescriptions();

  PoolStatistics Statistics(Micros now, bool with_checksum, const ArmFilter& arms) const;

 private:
  PoolRuntime(learners::LearnedState state, QueryEncoder encoder, retrieval::Building building,
              const Remotes& remotes);
  void PutArms(std::span<const Arm* const> arms);
  void AskDescription(const Arm& arm);
  // Sets the vector of an arm's description, if the description is still `text`.
  void SetDescription(ArmId id, const std::string& text, std::span<const float> embedding);

  const PoolId id_;
  const std::string name_;
  const Remotes& remotes_;
  const QueryEncoder encoder_;
  Published<learners::LearnedState> state_;
  ArmCatalogue arms_;
  StandingArms standing_;
  DescriptionIndex descriptions_;
  bool has_general_background_ = false;
  QueryBackground background_;  // only without a general one
  retrieval::ExperienceIndex experience_;
  ClientWeights client_weights_;
  PoolCounters counters_;
  PoolHistory history_;
};

}  // namespace pointsman::engine

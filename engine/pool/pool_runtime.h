// A pool as it serves: its published learned state beside what is derived from it (names, the list
// of active arms, description vectors, indexes). The log is the truth; all of this is a cache.
// Concurrency: const methods from any thread; Publish and the Put/Add methods from the log writer.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/event.h"
#include "domain/live_limits.h"
#include "base/mutex.h"
#include "base/published.h"
#include "learners/state/learned_state.h"
#include "retrieval/embed/embedder.h"
#include "retrieval/index/experience_index.h"
#include "retrieval/embed/projection.h"
#include "retrieval/remote/remote_embedders.h"
#include "engine/pool/client_weights.h"
#include "engine/request/requests.h"
#include "engine/request/statistics.h"

namespace pointsman {

// A query as the learners see it.
struct QueryContext {
  ContextSource source = ContextSource::kEmbedded;
  std::vector<float> z;             // d projected entries, then the named features; empty for kNone
  std::size_t projected = 0;        // how many of z's entries come from the embedding
  bool is_informative = false;      // the embedding says something (is not all zero)
  double input_tokens = 0;          // that will be paid for, as far as the request says
  double input_tokens_at_most = 0;  // that may have to fit; 0 for a vector without its text
  std::span<const float> embedding() const { return {z.data(), projected}; }
};

// What pools need of the engine that they serve in.
struct Remotes {
  const RemoteEmbedders* embedders = nullptr;
  // Has the log writer do this between two turns; forgotten if the server is stopping.
  std::function<void(std::function<void()>)> on_writer;
  const LiveLimits* limits = nullptr;  // null: the defaults
};

// The named features that z was made with, as they came, cut to the range that z keeps; of those that the
// pool had then.
std::map<std::string, double> FeaturesOf(const PoolSettings& settings, std::span<const float> z);

class PoolRuntime : public std::enable_shared_from_this<PoolRuntime> {
 public:
  // Builds embedder and projection. Errors: kInvalidArgument for settings they cannot follow. A
  // lexicon file that is gone or changed, or an endpoint that is not in the config, is no error here:
  // what the pool learned is kept, and `embedder_status` says why no query can be embedded.
  static absl::StatusOr<std::shared_ptr<PoolRuntime>> Make(LearnedState state, Building building,
                                                           const Remotes& remotes);

  PoolId id() const { return id_; }
  const std::string& name() const { return name_; }
  std::shared_ptr<const LearnedState> state() const { return state_.Get(); }

  // OK, or why queries cannot be embedded and what to do.
  const absl::Status& embedder_status() const { return embedder_status_; }

  // Where queries are embedded, if elsewhere and if they can be; what their vectors must have.
  RemoteEmbedder* remote() const { return remote_; }
  uint32_t remote_dimension() const { return projection_.dimension(); }

  // What of a query is embedded: all of it, or of one longer than query_bytes_max its head and tail.
  std::string EmbeddedPart(std::string_view query) const;
  bool IsTooLong(std::string_view query) const { return query.size() > QueryBytesMax(); }
  std::size_t QueryBytesMax() const;

  // Of source kNone, and nothing else in it, if the remote embedder gave no vector. `settings` are those of
  // the learned state that the vector is for.
  // Errors: kInvalidArgument for a vector of the wrong size, NaN, zero norm, and, where names are strict, for
  // an unknown feature; kFailedPrecondition if queries cannot be embedded.
  absl::StatusOr<QueryContext> MakeContext(const RouteInput& input,
                                           const PoolSettings& settings) const;

  // By its name, or by an alias; compared as in names.h. The name of a living arm wins over an alias, and that
  // over the name of a removed arm.
  std::optional<ArmId> FindArm(std::string_view name) const;
  // Active arms by id, ascending.
  std::shared_ptr<const std::vector<ArmId>> active() const { return active_.Get(); }
  // The few arms with the highest levels so far; only kept for pools that need a shortlist.
  std::shared_ptr<const std::vector<ArmId>> favourites() const { return favourites_.Get(); }
  // Cosine of query and description; 0 where the arm has none.
  float DescriptionSimilarity(std::span<const float> embedding, ArmId arm) const;
  const ArmIndex& arm_index() const { return arm_index_; }
  const ExperienceIndex& experience() const { return experience_; }

  // Writer: makes a state the one that serves, then brings the caches up to date with its events.
  // Returns experiences that fell out of the bounded memory.
  void Publish(std::shared_ptr<const LearnedState> state, std::span<const Event> events);
  std::vector<Sequence> AddExperience(const Experience& experience);
  // Writer, once after recovery: the caches from the state alone.
  void RebuildCaches();
  // Writer: what each client's feedback was counted for, in a pool that bounds it.
  ClientWeights& client_weights() { return client_weights_; }
  // Asks the remote embedder, if it is one, for the vectors of all descriptions; they come by and by.
  void AskDescriptions();

  void CountDecision(const Decision& decision);
  void CountFeedback(FeedbackResult result);
  // A first outcome came so long after its decision.
  void CountLag(Micros lag);
  // A snapshot holds all events up to `version`.
  void NoteSnapshot(Sequence version, Micros now);
  void CountRefused() { ++refused_; }
  // Writer: outcomes that nobody told, ever.
  void SetMissing(uint64_t missing) { missing_ = missing; }
  PoolStatistics Statistics(Micros now, bool with_checksum) const;

 private:
  using Vectors = PersistentArray<std::vector<float>>;

  PoolRuntime(LearnedState state, absl::StatusOr<std::shared_ptr<const Embedder>> embedder,
              Projection projection, Building building, const Remotes& remotes);
  void AskDescription(const Arm& arm);
  // Writer: the vector of an arm's description as it was asked for.
  void SetDescription(ArmId id, const std::string& text, std::span<const float> embedding);
  void CacheArm(const Arm& arm, Vectors& vectors);
  void CacheNames(const Arm& arm) REQUIRES_LOCK(mutex_);
  std::optional<ArmId> FindExactly(std::string_view name) const REQUIRES_LOCK(mutex_);
  void UpdateActive();
  // The best levels among the present favourites and the arms that may have risen; among all arms
  // when the pool begins to need favourites.
  void UpdateFavourites(std::vector<ArmId> arms);
  std::vector<float> DescribeArm(const Arm& arm) const;

  const PoolId id_;
  const std::string name_;
  const absl::Status embedder_status_;
  // Null: the caller or a remote embedder gives the vectors, or see above.
  const std::shared_ptr<const Embedder> embedder_;
  RemoteEmbedder* const remote_;
  const Remotes& remotes_;
  const Projection projection_;

  Published<LearnedState> state_;
  Published<std::vector<ArmId>> active_;
  Published<std::vector<ArmId>> favourites_;
  bool keeps_favourites_ = false;  // writer's
  ClientWeights client_weights_;   // writer's
  Published<Vectors> descriptions_;
  ArmIndex arm_index_;
  ExperienceIndex experience_;
  std::array<std::atomic<uint64_t>, 8> feedback_{};  // by FeedbackResult
  std::atomic<uint64_t> refused_{0};
  std::atomic<uint64_t> missing_{0};
  std::atomic<uint64_t> fallbacks_{0};

  mutable Mutex mutex_;
  struct NamedArm {
    ArmId arm{};
    bool is_living = false;
  };
  // As they were put, and in NFC. Aliases are those of living arms.
  std::map<std::string, NamedArm, std::less<>> arm_names_ GUARDED_BY(mutex_);
  std::map<std::string, ArmId, std::less<>> aliases_ GUARDED_BY(mutex_);
  std::map<ArmId, std::vector<std::string>> aliases_of_ GUARDED_BY(mutex_);
  std::vector<uint64_t> decisions_ GUARDED_BY(mutex_);  // by arm, since start
  uint64_t explored_ GUARDED_BY(mutex_) = 0;
  FeedbackLag lag_ GUARDED_BY(mutex_);
  Sequence snapshotted_ GUARDED_BY(mutex_) = 0;
  Micros snapshot_at_ GUARDED_BY(mutex_) = 0;
};

}  // namespace pointsman

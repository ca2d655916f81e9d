#include "service/engine/query_embedding.h"

#include <atomic>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "base/strings.h"
#include "service/engine/validate.h"

namespace pointsman {
namespace {

// Queries of which some are asked for; whoever is answered last hands all of them on.
template <class Query>
struct Gathering {
  std::vector<Query> queries;
  std::atomic<std::size_t> waiting{1};  // the one who asks is one of them
  Mutex mutex;
  absl::Status problem GUARDED_BY(mutex);  // the last one
  std::function<void(std::vector<Query>, const absl::Status& problem)> done;

  void Answered(std::size_t i, const absl::StatusOr<Embedding>& embedding) {
    if (embedding.ok()) {
      queries[i].embedded = **embedding;
    } else {
      queries[i].embedded.emplace();
      MutexLock lock(mutex);
      problem = embedding.status();
    }
    OneLess();
  }
  void OneLess() {
    if (waiting.fetch_sub(1) != 1) return;
    absl::Status last;
    {
      MutexLock lock(mutex);
      last = problem;
    }
    done(std::move(queries), last);
  }
};

template <class Query>
void Ask(const std::shared_ptr<Gathering<Query>>& gathering, std::size_t i,
         const PoolRuntime& pool) {
  ++gathering->waiting;
  pool.remote()->Embed(pool.EmbeddedPart(gathering->queries[i].query), pool.remote_dimension(),
                       RemoteEmbedder::Patience::kDeadline,
                       [gathering, i](const absl::StatusOr<Embedding>& embedding) {
                         gathering->Answered(i, embedding);
                       });
}

}  // namespace

std::shared_ptr<PoolRuntime> RemotePoolOf(const PoolTable& pools, const Limits& limits,
                                          const RouteInput& input) {
  if (input.embedded || input.query.empty()) return nullptr;
  const auto pool = pools.Find(input.pool);
  const bool wants = pool.ok() && (*pool)->remote() != nullptr && ValidateRoute(input, limits).ok();
  return wants ? *pool : nullptr;
}

void EmbedQueries(const PoolTable& pools, const Limits& limits, std::vector<RouteInput> inputs,
                  std::function<void(std::vector<RouteInput>)> done) {
  std::vector<std::pair<std::size_t, std::shared_ptr<PoolRuntime>>> wanting;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (auto pool = RemotePoolOf(pools, limits, inputs[i]))
      wanting.emplace_back(i, std::move(pool));
  }
  if (wanting.empty()) return done(std::move(inputs));
  const auto gathering = std::make_shared<Gathering<RouteInput>>();
  gathering->queries = std::move(inputs);
  gathering->done = [done = std::move(done)](std::vector<RouteInput> queries, const absl::Status&) {
    done(std::move(queries));
  };
  for (const auto& [i, pool] : wanting) Ask(gathering, i, *pool);
  gathering->OneLess();
}

void EmbedChunk(const PoolTable& pools, std::string_view name, std::vector<ImportedQuery> chunk,
                std::function<void(absl::StatusOr<std::vector<ImportedQuery>>)> done) {
  const auto pool = pools.Find(name);
  if (!pool.ok() || (*pool)->remote() == nullptr) return done(std::move(chunk));
  const auto gathering = std::make_shared<Gathering<ImportedQuery>>();
  gathering->queries = std::move(chunk);
  gathering->done = [done = std::move(done)](std::vector<ImportedQuery> queries,
                                             const absl::Status& problem) {
    if (problem.ok()) return done(std::move(queries));
    done(
        WithReason(absl::UnavailableError(Cat("nothing of this chunk is learned, since its queries "
                                              "could not be embedded: ",
                                              ToStd(problem.message()), "; send it again")),
                   reason::kEmbedderUnavailable, "query"));
  };
  for (std::size_t i = 0; i < gathering->queries.size(); ++i) {
    if (!gathering->queries[i].query.empty()) Ask(gathering, i, **pool);
  }
  gathering->OneLess();
}

absl::StatusOr<EmbedderSettings> WithEndpoint(const EmbedderSettings& wanted,
                                              const RemoteEndpoint& endpoint, uint32_t dimension) {
  EmbedderSettings settings = wanted;
  if (settings.model.empty()) settings.model = endpoint.model;
  if (settings.model != endpoint.model) {
    return BadField("settings.embedder.model",
                    Cat("is ", Quoted(settings.model), ", and embedder ", Quoted(endpoint.name),
                        " of the config runs ", Quoted(endpoint.model), "; leave it out"));
  }
  if (settings.dimension == 0) settings.dimension = dimension;
  if (settings.dimension != dimension) {
    return BadField("settings.embedder.dimension",
                    Cat("is ", settings.dimension, ", and embedder ", Quoted(endpoint.name),
                        " gives vectors of ", dimension, " entries; leave it out"));
  }
  return settings;
}

}  // namespace pointsman

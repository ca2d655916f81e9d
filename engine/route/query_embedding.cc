#include "engine/route/query_embedding.h"

#include <atomic>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "base/strings.h"
#include "engine/request/validate.h"

namespace pointsman::engine {
namespace {

const std::string& TextOf(const PreparedQuery& query) { return query.input.query; }
const std::string& TextOf(const ImportedQuery& query) { return query.query; }
auto& VectorOf(PreparedQuery& query) { return query.input.embedded; }
auto& VectorOf(ImportedQuery& query) { return query.embedded; }

// Queries that wait for their vectors. The last answer to arrive passes all of them on.
template <class Query>
struct Gathering {
  std::vector<Query> queries;
  std::atomic<std::size_t> waiting{1};  // the calling thread counts as one
  Mutex mutex;
  absl::Status problem GUARDED_BY(mutex);  // the last one
  std::function<void(std::vector<Query>, const absl::Status& problem)> done;

  void Answered(std::size_t i, const absl::StatusOr<retrieval::Embedding>& embedding) {
    auto& embedded = VectorOf(queries[i]);
    if (embedding.ok()) {
      embedded = **embedding;
    } else {
      embedded.emplace();
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
  pool.encoder().remote()->Embed(
      pool.encoder().EmbeddedPart(TextOf(gathering->queries[i])), pool.encoder().dimension(),
      retrieval::RemoteEmbedder::Patience::kDeadline,
      [gathering, i](const absl::StatusOr<retrieval::Embedding>& embedding) {
        gathering->Answered(i, embedding);
      });
}

}  // namespace

void EmbedQueries(std::vector<PreparedQuery> queries,
                  std::function<void(std::vector<PreparedQuery>)> done) {
  std::vector<std::size_t> waiting;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (queries[i].waits_for_vector()) waiting.push_back(i);
  }
  if (waiting.empty()) return done(std::move(queries));
  const auto gathering = std::make_shared<Gathering<PreparedQuery>>();
  gathering->queries = std::move(queries);
  gathering->done = [done = std::move(done)](std::vector<PreparedQuery> answered,
                                             const absl::Status&) { done(std::move(answered)); };
  for (const std::size_t i : waiting) {
    const std::shared_ptr<PoolRuntime> pool = gathering->queries[i].pool;
    Ask(gathering, i, *pool);
  }
  gathering->OneLess();
}

void EmbedChunk(const PoolTable& pools, std::string_view name, std::vector<ImportedQuery> chunk,
                std::function<void(absl::StatusOr<std::vector<ImportedQuery>>)> done) {
  const auto pool = pools.Find(name);
  if (!pool.ok() || (*pool)->encoder().remote() == nullptr) return done(std::move(chunk));
  const auto gathering = std::make_shared<Gathering<ImportedQuery>>();
  gathering->queries = std::move(chunk);
  gathering->done = [done = std::move(done)](std::vector<ImportedQuery> queries,
                                             const absl::Status& problem) {
    if (problem.ok()) return done(std::move(queries));
    done(WithReason(absl::UnavailableError(Cat("this chunk was not learned, because its queries "
                                               "could not be embedded: ",
                                               ToStd(problem.message()), "; send the chunk again")),
                    reason::kEmbedderUnavailable, "query"));
  };
  for (std::size_t i = 0; i < gathering->queries.size(); ++i) {
    if (!gathering->queries[i].query.empty()) Ask(gathering, i, **pool);
  }
  gathering->OneLess();
}

absl::StatusOr<EmbedderSettings> WithEndpoint(const EmbedderSettings& wanted,
                                              const retrieval::RemoteEndpoint& endpoint,
                                              uint32_t dimension) {
  EmbedderSettings settings = wanted;
  if (settings.model.empty()) settings.model = endpoint.model;
  if (settings.model != endpoint.model) {
    return BadField("settings.embedder.model",
                    Cat("is ", Quoted(settings.model), ", but embedder ", Quoted(endpoint.name),
                        " in the server's config runs model ", Quoted(endpoint.model),
                        "; leave this field unset"));
  }
  if (settings.dimension == 0) settings.dimension = dimension;
  if (settings.dimension != dimension) {
    return BadField("settings.embedder.dimension",
                    Cat("is ", settings.dimension, ", but embedder ", Quoted(endpoint.name),
                        " returns vectors of ", dimension, " numbers; leave this field unset"));
  }
  return settings;
}

}  // namespace pointsman::engine

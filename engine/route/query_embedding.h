// Gets the vectors of queries in pools whose embedder is remote.
// Operation: each text is requested separately; the embedder makes batches of texts that arrive together. When
//   all are answered, `done` gets the queries with `embedded` filled in: a vector, or nothing for a query that
//   could not be embedded (Route then decides without a vector).
// Concurrency: any thread. `done` runs once: before the function returns if nothing has to be requested,
//   otherwise on an embedder's thread, where it must be quick.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/pool/pool_table.h"
#include "engine/request/requests.h"
#include "engine/route/routing.h"

namespace pointsman::engine {

// Gets the vectors of the queries that wait for one.
void EmbedQueries(std::vector<PreparedQuery> queries,
                  std::function<void(std::vector<PreparedQuery>)> done);

// Gets the vectors of an import's whole chunk, or an error: imported queries are not learned without their
// vectors.
// Errors: kUnavailable EMBEDDER_UNAVAILABLE.
void EmbedChunk(const PoolTable& pools, std::string_view pool, std::vector<ImportedQuery> chunk,
                std::function<void(absl::StatusOr<std::vector<ImportedQuery>>)> done);

// The embedder settings of a pool that is to be made, completed from its endpoint: the model, and the dimension
// of the vectors that it returned. Errors: kInvalidArgument if the settings ask for others.
absl::StatusOr<EmbedderSettings> WithEndpoint(const EmbedderSettings& wanted,
                                              const retrieval::RemoteEndpoint& endpoint,
                                              uint32_t dimension);

}  // namespace pointsman::engine

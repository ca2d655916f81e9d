// Queries of pools whose embedder runs elsewhere, on their way to their vectors.
// Operation: each text is asked for by itself; the embedder makes batches of what comes together. When all
//   are answered, `done` gets the queries with `embedded` filled in: a vector, or nothing for one that could
//   not be embedded (Route then decides without a vector).
// Concurrency: any thread; `done` runs once, before the function returns if nothing has to be asked, else
//   on an embedder's thread, where it must be quick.
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

// Gets the vectors of those that wait for one.
void EmbedQueries(std::vector<PreparedQuery> queries,
                  std::function<void(std::vector<PreparedQuery>)> done);

// All of an import's chunk, or an error: what is imported for its vectors is not learned without them.
// Errors: kUnavailable EMBEDDER_UNAVAILABLE.
void EmbedChunk(const PoolTable& pools, std::string_view pool, std::vector<ImportedQuery> chunk,
                std::function<void(absl::StatusOr<std::vector<ImportedQuery>>)> done);

// The embedder settings of a pool that is to be made, with what only the endpoint knows: its model, and
// the dimension that it was seen to give. Errors: kInvalidArgument if other ones were wanted.
absl::StatusOr<EmbedderSettings> WithEndpoint(const EmbedderSettings& wanted,
                                              const retrieval::RemoteEndpoint& endpoint,
                                              uint32_t dimension);

}  // namespace pointsman::engine

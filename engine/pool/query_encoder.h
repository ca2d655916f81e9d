// From a query to what the learners see of it: the pool's embedder, its projection and its named features.
// Threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/arm.h"
#include "domain/live_limits.h"
#include "domain/types.h"
#include "engine/request/requests.h"
#include "retrieval/embed/embedder.h"
#include "retrieval/embed/projection.h"
#include "retrieval/remote/remote_embedders.h"

namespace pointsman::engine {

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
  const retrieval::RemoteEmbedders* embedders = nullptr;
  // Has the log writer do this between two turns; forgotten if the server is stopping.
  std::function<void(std::function<void()>)> on_writer;
  const LiveLimits* limits = nullptr;  // null: the defaults
};

// The named features that z was made with, as they came, cut to the range that z keeps; of those that the
// pool had then.
std::map<std::string, double> FeaturesOf(const PoolSettings& settings, std::span<const float> z);

class QueryEncoder {
 public:
  // Errors: kInvalidArgument for settings that embedder or projection cannot follow. A lexicon file that is gone or
  // changed, or an endpoint that is not in the config, is no error here: what the pool learned is kept, and `status`
  // says why no query can be embedded. `remotes` outlives it.
  static absl::StatusOr<QueryEncoder> Make(const Pool& pool, const Remotes& remotes);

  // OK, or why queries cannot be embedded and what to do.
  const absl::Status& status() const { return status_; }
  // Where queries are embedded, if elsewhere and if they can be; what their vectors must have.
  retrieval::RemoteEmbedder* remote() const { return remote_; }
  uint32_t dimension() const { return projection_.dimension(); }
  uint32_t projected() const { return projection_.projected(); }

  // What of a query is embedded: all of it, or of one longer than query_bytes_max its head and tail.
  std::string EmbeddedPart(std::string_view query) const;
  bool IsTooLong(std::string_view query) const { return query.size() > QueryBytesMax(); }
  std::size_t QueryBytesMax() const;

  // Of source kNone, and nothing else in it, if the remote embedder gave no vector. `settings` are those of
  // the learned state that the vector is for.
  // Errors: kInvalidArgument for a vector of the wrong size, NaN, zero norm, and, where names are strict, for
  // an unknown feature; kFailedPrecondition if queries cannot be embedded.
  absl::StatusOr<QueryContext> Encode(const RouteInput& input, const PoolSettings& settings) const;

  // The vector of a description; empty if it says nothing, or if vectors come from elsewhere.
  std::vector<float> Describe(std::string_view text) const;
  std::vector<float> Projected(std::span<const float> embedding) const;

 private:
  QueryEncoder(const Pool& pool,
               absl::StatusOr<std::shared_ptr<const retrieval::Embedder>> embedder,
               retrieval::Projection projection, const Remotes& remotes);
  absl::StatusOr<std::vector<float>> Embedding(const RouteInput& input,
                                               QueryContext& context) const;
  absl::StatusOr<std::vector<float>> CallersEmbedding(const RouteInput& input) const;

  std::string pool_;
  absl::Status status_;
  // Null: the caller or a remote embedder gives the vectors, or see status.
  std::shared_ptr<const retrieval::Embedder> embedder_;
  retrieval::RemoteEmbedder* remote_;
  const Remotes* remotes_;
  retrieval::Projection projection_;
};

}  // namespace pointsman::engine

// Converts a query to what the learners see of it, with the pool's embedder, its projection and its named
// features.
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
  double input_tokens = 0;          // tokens that will be paid for, as far as the request says
  double input_tokens_at_most = 0;  // tokens that may have to fit; 0 for a vector without text
  std::span<const float> embedding() const { return {z.data(), projected}; }
};

// What pools need from the engine that runs them.
struct Remotes {
  const retrieval::RemoteEmbedders* embedders = nullptr;
  // Runs the function on the log writer, between two turns. It is dropped if the server is stopping.
  std::function<void(std::function<void()>)> on_writer;
  const LiveLimits* limits = nullptr;  // null: the defaults
};

// The values of the named features that are in z, clipped to the range that z keeps. `settings` must have the
// features that z was made with.
std::map<std::string, double> FeaturesOf(const PoolSettings& settings, std::span<const float> z);

class QueryEncoder {
 public:
  // Errors: kInvalidArgument for settings that no embedder or projection supports. A lexicon file that is
  // missing or changed, or an endpoint that is not in the config, is no error here. The pool keeps what it
  // learned, and `status` says why queries cannot be embedded. `remotes` outlives the encoder.
  static absl::StatusOr<QueryEncoder> Make(const Pool& pool, const Remotes& remotes);

  // OK, or why queries cannot be embedded and what to do.
  const absl::Status& status() const { return status_; }
  // The remote embedder of queries; null if queries are embedded here, or cannot be embedded. The next two are
  // the sizes of vectors before and after the projection.
  retrieval::RemoteEmbedder* remote() const { return remote_; }
  uint32_t dimension() const { return projection_.dimension(); }
  uint32_t projected() const { return projection_.projected(); }

  // The part of a query that is embedded: all of it, or the head and tail of a query longer than
  // query_bytes_max.
  std::string EmbeddedPart(std::string_view query) const;
  bool IsTooLong(std::string_view query) const { return query.size() > QueryBytesMax(); }
  std::size_t QueryBytesMax() const;

  // If the remote embedder returned no vector, the result has the source kNone and no entries. `settings` are
  // those of the learned state that will read the vector.
  // Errors: kInvalidArgument for a vector of the wrong size, with NaN or of zero norm, and in pools with strict
  // names for an unknown feature; kFailedPrecondition if queries cannot be embedded.
  absl::StatusOr<QueryContext> Encode(const RouteInput& input, const PoolSettings& settings) const;

  // The vector of a description; empty if the description has no content, or if vectors come from outside.
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
  // Null: vectors come from the caller or a remote embedder, or `status` says why there is none.
  std::shared_ptr<const retrieval::Embedder> embedder_;
  retrieval::RemoteEmbedder* remote_;
  const Remotes* remotes_;
  retrieval::Projection projection_;
};

}  // namespace pointsman::engine

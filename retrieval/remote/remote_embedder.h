// An embedder on another server: the client of one endpoint of the OpenAI-compatible embeddings API, for
// every pool that names it.
// Operation: a text's vector comes from the cache, or from a call that it shares with texts that arrived at
//   about the same time (text_batches.h). A call that could succeed another time is retried within its texts'
//   deadline, after a random part of 50 ms, 100 ms, ... or when Retry-After says. A call whose content is
//   refused is repeated text by text, so that one text does not fail the others. When calls fail in a row,
//   texts fail at once until a probe of our own succeeds (circuit_breaker.h).
// Shapes: embeddings have the model's dimension, and unit norm.
// Errors, to each text's `done`: kUnavailable (unreachable, failing, breaker open, too many waiting,
//   stopping), kDeadlineExceeded, kFailedPrecondition (a dimension other than requested), kInvalidArgument
//   (refused, or not an answer of the API). None holds the API key.
// Concurrency: all methods from any thread. A thread of its own makes the calls and runs `done`, which must
//   be quick and must not call Stop. `done` runs before Embed returns if the text is cached or refused; for a
//   patient text only if the embedder is stopping.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/siphash.h"
#include "retrieval/remote/embedding_cache.h"
#include "retrieval/remote/endpoint.h"
#include "retrieval/remote/remote_statistics.h"

namespace pointsman::retrieval {

class RemoteEmbedder {
 public:
  using Done = std::function<void(absl::StatusOr<Embedding>)>;
  // The text of a probe: one that no server refuses.
  static constexpr char kProbeText[] = "Which way does this train go?";
  enum class Patience : uint8_t {
    kDeadline = 1,  // the endpoint's
    kForever = 2,   // until it succeeds, is refused, or Stop
  };

  // `key`: for the cache. `seed`: for the jitter.
  RemoteEmbedder(RemoteEndpoint endpoint, SipKey key, uint64_t seed);
  ~RemoteEmbedder();
  RemoteEmbedder(const RemoteEmbedder&) = delete;
  RemoteEmbedder& operator=(const RemoteEmbedder&) = delete;

  const RemoteEndpoint& endpoint() const;

  // `dimension`: the dimension that the vector must have; 0: any.
  void Embed(std::string text, uint32_t dimension, Patience patience, Done done);
  // The dimension that probes of an open breaker must return.
  void Expect(uint32_t dimension);

  // One call with only these texts, without cache, batches and breaker: to test the endpoint.
  struct Trial {
    std::vector<Embedding> embeddings;
    uint64_t tokens = 0;
    double seconds = 0;
  };
  void Try(std::vector<std::string> texts, std::function<void(absl::StatusOr<Trial>)> done);

  RemoteStatistics statistics() const;
  // Fails all waiting and all later texts; idempotent.
  void Stop();

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman::retrieval

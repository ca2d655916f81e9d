// An embedder that runs elsewhere: the client of one endpoint of the OpenAI-compatible embeddings API, for
// every pool that names it.
// Operation: a text's vector comes from the cache, or from a call that it shares with texts that came at
//   about the same time (text_batches.h). Calls that could succeed another time are made again within the
//   texts' deadline, after a random part of 50 ms, 100 ms, ... or what Retry-After says. A call that is
//   refused for what it holds is made again text by text, so that one text spoils no other's. When calls fail
//   in a row, texts fail at once until a probe of our own succeeds (circuit_breaker.h).
// Shapes: embeddings have the model's dimension, and unit norm.
// Errors, to each text's `done`: kUnavailable (unreachable, failing, breaker open, too many wait, stopping),
//   kDeadlineExceeded, kFailedPrecondition (another dimension than was asked for), kInvalidArgument
//   (refused, or an answer that is none). None holds the API key.
// Concurrency: all methods from any thread. One thread of its own moves the calls and runs `done`, which
//   must be quick and not call Stop. A text's `done` runs before Embed returns if the text is cached or
//   refused; a patient one's only if the embedder is stopping.
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

namespace pointsman {

class RemoteEmbedder {
 public:
  using Done = std::function<void(absl::StatusOr<Embedding>)>;
  // What is sent to see whether the endpoint is well: a text that no server refuses.
  static constexpr char kProbeText[] = "Which way does this train go?";
  enum class Patience : uint8_t {
    kDeadline = 1,  // the endpoint's
    kForever = 2,   // until it succeeds, is refused, or Stop
  };

  // `key` of the cache, `seed` of the jitter.
  RemoteEmbedder(RemoteEndpoint endpoint, SipKey key, uint64_t seed);
  ~RemoteEmbedder();
  RemoteEmbedder(const RemoteEmbedder&) = delete;
  RemoteEmbedder& operator=(const RemoteEmbedder&) = delete;

  const RemoteEndpoint& endpoint() const;

  // `dimension`: what the vector must have; 0: any.
  void Embed(std::string text, uint32_t dimension, Patience patience, Done done);
  // What probes of an open breaker must get.
  void Expect(uint32_t dimension);

  // One call with just these texts, past cache, batches and breaker: to see how the endpoint does.
  struct Trial {
    std::vector<Embedding> embeddings;
    uint64_t tokens = 0;
    double seconds = 0;
  };
  void Try(std::vector<std::string> texts, std::function<void(absl::StatusOr<Trial>)> done);

  RemoteStatistics statistics() const;
  // Fails what waits and what comes; idempotent.
  void Stop();

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman

// A call of a remote embedder that is in flight, or that waits before it is retried.
// Threads: plain values, pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "retrieval/remote/embeddings_call.h"
#include "retrieval/remote/remote_embedder.h"
#include "retrieval/remote/text_batches.h"

namespace pointsman::retrieval {

enum class Errand : uint8_t { kTexts, kProbe, kTrial };

struct Batch {
  Errand errand = Errand::kTexts;
  std::vector<PendingText> texts;
  int64_t retries = 0;
  PendingText::Time not_before;
  std::function<void(absl::StatusOr<RemoteEmbedder::Trial>)> trial;  // kTrial
};

// When a failed call is retried: after a random part of 50 ms, doubled with each retry, or when the server
// asked for it. Nullopt: no retry, because it would fail again, was tried often enough, or its texts would be
// too late. `uniform` is in [0, 1).
std::optional<PendingText::Time> RetryAt(const Batch& batch, const Fault& fault,
                                         int64_t retries_max, PendingText::Time now,
                                         double uniform);

// Why a text fails without a call.
absl::Status Stopping(const RemoteEndpoint& endpoint);
absl::Status NotCalled(const RemoteEndpoint& endpoint, const std::string& last_fault);
absl::Status TimedOut(const RemoteEndpoint& endpoint);
absl::Status TooManyWait(const RemoteEndpoint& endpoint, uint64_t waiting);

}  // namespace pointsman::retrieval

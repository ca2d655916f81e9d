// Tests a remote embedder: sends each text alone, one after another, then all texts in one call.
// Errors: the embedder's error, from the first call that fails.
// Cost: the texts' tokens, twice.
// Threads: any; `done` runs once, on the embedder's thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/request/requests.h"
#include "retrieval/remote/remote_embedder.h"

namespace pointsman::engine {

// `texts` has at least one entry.
void TryEmbedder(retrieval::RemoteEmbedder& embedder, std::vector<std::string> texts,
                 std::function<void(absl::StatusOr<EmbedderFigures>)> done);

}  // namespace pointsman::engine

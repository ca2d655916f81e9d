// A call of a remote embedder on its way, or one that rests before it is made again.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "retrieval/remote/remote_embedder.h"
#include "retrieval/remote/text_batches.h"

namespace pointsman {

enum class Errand : uint8_t { kTexts, kProbe, kTrial };

struct Batch {
  Errand errand = Errand::kTexts;
  std::vector<PendingText> texts;
  int64_t retries = 0;
  PendingText::Time not_before;
  std::function<void(absl::StatusOr<RemoteEmbedder::Trial>)> trial;  // kTrial
};

}  // namespace pointsman

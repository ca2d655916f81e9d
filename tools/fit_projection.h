// Fits a pool's projection to prompts: embeds them as the server will and takes the leading
// principal components.
// Errors: those of the embedder and the file; kInvalidArgument for the embedder "caller", too few
//   prompts, or prompts that vary too little.
// Threads: one.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "pointsman/v1/admin.pb.h"

namespace pointsman::tools {

// Sets `projection_rows`, `projected` and, for a lexicon, `lexicon_checksum`, so that a server with another
// file refuses the pool. `projected` must be set in `settings`. Returns how many prompts were used: at most
// the first 100,000.
absl::StatusOr<uint64_t> FitProjection(const std::string& prompts, v1::EmbedderSettings& settings);

}  // namespace pointsman::tools

// Text to vector.
// Shapes: D = dimension().
// Threads: const; any number of threads.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "domain/arm.h"

namespace pointsman {

class Embedder {
 public:
  virtual ~Embedder() = default;
  virtual uint32_t dimension() const = 0;
  // `out` has D entries; on return it has unit norm, or is all zero for a text that says nothing
  // (empty, only white space). Any bytes are accepted.
  virtual void Embed(std::string_view text, std::span<float> out) const = 0;
};

// The embedder that `settings` names; "caller" and "remote" have none here and answer nullptr.
// Errors: kInvalidArgument for an unknown name or an impossible dimension (the message lists what
//   there is); kNotFound or kDataLoss for a lexicon file that cannot be used; kFailedPrecondition
//   for one that is not the one of `lexicon_checksum`.
absl::StatusOr<std::shared_ptr<const Embedder>> MakeEmbedder(const EmbedderSettings& settings);

// `settings` with everything that was left open filled in, to be stored with a new pool: dimension,
// projected, and a lexicon's name and checksum. Those of "remote" have a dimension already. Errors: as
// MakeEmbedder.
absl::StatusOr<EmbedderSettings> ResolveEmbedder(const EmbedderSettings& settings);

// D of the embedder that resolved settings name, told without it.
uint32_t EmbeddedDimension(const EmbedderSettings& settings);

// The lexicon that a pool gets which names none. One that ships is never changed, so that what
// pools learned on it stays good: a better one gets the next number.
constexpr std::string_view kNewestLexicon = "general-1";
// The path of the lexicon that settings name: as it is with a '/', and a bare name in the folder
// ../share/pointsman, seen from the folder of the running program. So one that ships is found
// whatever the working directory, in a build and when installed.
std::string LexiconPath(std::string_view lexicon_file);

}  // namespace pointsman

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

namespace pointsman::retrieval {

class Embedder {
 public:
  virtual ~Embedder() = default;
  virtual uint32_t dimension() const = 0;
  // `out` has D entries. On return it has unit norm, or is all zero for a text without content (empty, only
  // white space). Any bytes are accepted.
  virtual void Embed(std::string_view text, std::span<float> out) const = 0;
};

// The embedder that `settings` names; nullptr for "caller" and "remote", which have none here.
// Errors: kInvalidArgument for an unknown name or an impossible dimension (the message lists the possible
//   ones); kNotFound or kDataLoss for a lexicon file that cannot be used; kFailedPrecondition for one whose
//   checksum is not `lexicon_checksum`.
absl::StatusOr<std::shared_ptr<const Embedder>> MakeEmbedder(const EmbedderSettings& settings);

// `settings` with every open value filled in, to be stored with a new pool: dimension, projected, and a
// lexicon's name and checksum. Those of "remote" must have a dimension already.
// Errors: as MakeEmbedder.
absl::StatusOr<EmbedderSettings> ResolveEmbedder(const EmbedderSettings& settings);

// D of the embedder that resolved settings name, without making it.
uint32_t EmbeddedDimension(const EmbedderSettings& settings);

// The lexicon of a pool that names none. One that ships is never changed, so that what pools learned on it
// stays valid: a better one gets the next number.
constexpr std::string_view kNewestLexicon = "general-1";
// The path of the lexicon that settings name. A name with a '/' is the path itself. A bare name is a file in
// ../share/pointsman, relative to the folder of the running program. So a lexicon that ships is found
// whatever the working directory, in a build and when installed.
std::string LexiconPath(std::string_view lexicon_file);

}  // namespace pointsman::retrieval

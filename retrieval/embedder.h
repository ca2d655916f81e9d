// Text to vector.
// Shapes: D = dimension().
// Threads: const; any number of threads.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/arm.h"

namespace pointsman {

class Embedder {
 public:
  virtual ~Embedder() = default;
  virtual uint32_t dimension() const = 0;
  // `out` has D entries; on return it has unit norm, or is all zero for a text that says nothing
  // (empty, only white space). Any bytes are accepted.
  virtual void Embed(std::string_view text, std::span<float> out) const = 0;
};

// The embedder that `settings` names. Errors: kInvalidArgument for an unknown name or an impossible
// dimension (the message lists what there is); "caller" has no embedder and answers nullptr.
absl::StatusOr<std::shared_ptr<const Embedder>> MakeEmbedder(const EmbedderSettings& settings);

}  // namespace pointsman

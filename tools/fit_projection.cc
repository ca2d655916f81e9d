#include "tools/fit_projection.h"

#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "retrieval/embed/embedder.h"
#include "retrieval/embed/projection.h"
#include "service/api/convert.h"
#include "tools/text_lines.h"

namespace pointsman {
namespace {

constexpr uint64_t kPromptsMax = 100000;

}  // namespace

absl::StatusOr<uint64_t> FitProjection(const std::string& prompts, v1::EmbedderSettings& settings) {
  v1::PoolSettings pool;
  *pool.mutable_embedder() = settings;
  ASSIGN_OR_RETURN(const PoolSettings edited, Edited(PoolSettings(), pool));
  if (edited.embedder.name == "caller") {
    return InvalidArgument(
        "a projection is fitted to prompts, and the embedder \"caller\" makes no vectors of them; "
        "project your vectors before you send them");
  }
  if (edited.embedder.name == kRemoteEmbedder) {
    return InvalidArgument(
        "a projection is fitted here to vectors that are made here, and the embedder \"remote\" "
        "makes them elsewhere: leave --fit-projection out, and the vectors are turned at random");
  }
  if (edited.embedder.projected == 0) {
    return InvalidArgument("to how many dimensions? give --projected, or `projected` in the file");
  }
  ASSIGN_OR_RETURN(const EmbedderSettings resolved, ResolveEmbedder(edited.embedder));
  ASSIGN_OR_RETURN(const auto embedder, MakeEmbedder(resolved));
  const std::size_t d = embedder->dimension();
  uint64_t count = 0;
  std::vector<float> vectors;
  RETURN_IF_ERROR(ForEachText(prompts, [&](const std::string& text) {
    if (count == kPromptsMax) return;
    vectors.resize(vectors.size() + d);
    embedder->Embed(text, std::span(vectors).last(d));
    ++count;
  }));
  ASSIGN_OR_RETURN(const std::vector<float> rows,
                   FitPrincipalComponents(vectors, embedder->dimension(), resolved.projected));
  settings.mutable_projection_rows()->Assign(rows.begin(), rows.end());
  settings.set_projected(resolved.projected);
  settings.set_lexicon_checksum(resolved.lexicon_checksum);
  return count;
}

}  // namespace pointsman

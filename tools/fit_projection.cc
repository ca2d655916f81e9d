#include "tools/fit_projection.h"

#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "retrieval/embed/embedder.h"
#include "retrieval/embed/projection.h"
#include "service/api/convert.h"
#include "tools/text_lines.h"

namespace pointsman::tools {
namespace {

constexpr uint64_t kPromptsMax = 100000;

}  // namespace

absl::StatusOr<uint64_t> FitProjection(const std::string& prompts, v1::EmbedderSettings& settings) {
  v1::PoolSettings pool;
  *pool.mutable_embedder() = settings;
  ASSIGN_OR_RETURN(const PoolSettings edited, service::Edited(PoolSettings(), pool));
  if (edited.embedder.name == "caller") {
    return InvalidArgument(
        "--fit-projection cannot be used with the embedder \"caller\"; project your vectors before "
        "you send them");
  }
  if (edited.embedder.name == kRemoteEmbedder) {
    return InvalidArgument(
        "--fit-projection needs an embedder that runs on this machine, and the embedder \"remote\" "
        "does not; leave --fit-projection out to get a random projection");
  }
  if (edited.embedder.projected == 0) {
    return InvalidArgument("--fit-projection needs --projected N, or `projected` in the file");
  }
  ASSIGN_OR_RETURN(const EmbedderSettings resolved, retrieval::ResolveEmbedder(edited.embedder));
  ASSIGN_OR_RETURN(const auto embedder, retrieval::MakeEmbedder(resolved));
  const std::size_t d = embedder->dimension();
  uint64_t count = 0;
  std::vector<float> vectors;
  RETURN_IF_ERROR(ForEachText(prompts, [&](const std::string& text) {
    if (count == kPromptsMax) return;
    vectors.resize(vectors.size() + d);
    embedder->Embed(text, std::span(vectors).last(d));
    ++count;
  }));
  ASSIGN_OR_RETURN(
      const std::vector<float> rows,
      retrieval::FitPrincipalComponents(vectors, embedder->dimension(), resolved.projected));
  settings.mutable_projection_rows()->Assign(rows.begin(), rows.end());
  settings.set_projected(resolved.projected);
  settings.set_lexicon_checksum(resolved.lexicon_checksum);
  return count;
}

}  // namespace pointsman::tools

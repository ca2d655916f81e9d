#include "retrieval/embedder.h"

#include <string>

#include "base/strings.h"
#include "retrieval/hashing_embedder.h"

namespace pointsman {
namespace {

using MadeEmbedder = absl::StatusOr<std::shared_ptr<const Embedder>>;

MadeEmbedder MakeHashing(const EmbedderSettings& settings) {
  const uint32_t dimension =
      settings.dimension == 0 ? HashingEmbedder::kDimensionDefault : settings.dimension;
  if (dimension > HashingEmbedder::kDimensionMax) {
    return InvalidArgument("embedder.dimension is ", dimension, "; \"hashing\" takes 1 to ",
                           HashingEmbedder::kDimensionMax, ", or 0 for ",
                           HashingEmbedder::kDimensionDefault);
  }
  return std::make_shared<const HashingEmbedder>(dimension);
}

MadeEmbedder MakeCaller(const EmbedderSettings&) { return std::shared_ptr<const Embedder>(); }

// Every embedder there is.
struct EmbedderRow {
  std::string_view name;
  MadeEmbedder (*make)(const EmbedderSettings& settings);
};
constexpr EmbedderRow kEmbedders[] = {
    {"hashing", &MakeHashing},
    {"caller", &MakeCaller},
};

}  // namespace

MadeEmbedder MakeEmbedder(const EmbedderSettings& settings) {
  std::string names;
  for (const EmbedderRow& row : kEmbedders) {
    if (row.name == settings.name) return row.make(settings);
    names += Cat(names.empty() ? "" : ", ", row.name);
  }
  return InvalidArgument("embedder.name ", Quoted(settings.name),
                         " is unknown; use one of: ", names);
}

}  // namespace pointsman

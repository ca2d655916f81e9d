#include "retrieval/embedder.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/status_macros.h"
#include "base/strings.h"
#include "retrieval/hashing_embedder.h"
#include "retrieval/lexicon_embedder.h"

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

MadeEmbedder MakeLexicon(const EmbedderSettings& settings) {
  const bool is_shipped = settings.lexicon_file.empty();
  std::shared_ptr<const Lexicon> lexicon;
  ASSIGN_OR_RETURN(lexicon,
                   Lexicon::Open(is_shipped ? ShippedLexiconFile() : settings.lexicon_file));
  const uint32_t dimension =
      settings.dimension == 0 ? std::min(LexiconEmbedder::kDimensionDefault, lexicon->dimension())
                              : settings.dimension;
  if (dimension > lexicon->dimension()) {
    return InvalidArgument("embedder.dimension is ", dimension, "; this lexicon takes 1 to ",
                           lexicon->dimension(), ", or 0 for ", LexiconEmbedder::kDimensionDefault);
  }
  if (!(settings.sketch_weight >= 0 && settings.sketch_weight <= 1000)) {
    return InvalidArgument("embedder.sketch_weight is ", settings.sketch_weight,
                           "; it must be from 0 to 1000");
  }
  return std::make_shared<const LexiconEmbedder>(std::move(lexicon), dimension,
                                                 settings.sketch_weight);
}

MadeEmbedder MakeCaller(const EmbedderSettings&) { return std::shared_ptr<const Embedder>(); }

// Every embedder there is.
struct EmbedderRow {
  std::string_view name;
  MadeEmbedder (*make)(const EmbedderSettings& settings);
};
constexpr EmbedderRow kEmbedders[] = {
    {"lexicon", &MakeLexicon},
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

std::string ShippedLexiconFile() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path().parent_path() / "share/pointsman/general.lexicon").string();
}

}  // namespace pointsman

#include "retrieval/embed/embedder.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/status_macros.h"
#include "base/strings.h"
#include "retrieval/embed/hashing_embedder.h"
#include "retrieval/embed/lexicon_embedder.h"
#include "retrieval/embed/projection.h"

namespace pointsman::retrieval {
namespace {

constexpr std::size_t kPathShown = 256;  // of a path in an error
constexpr uint32_t kProjectedDefault =
    64;  // for embedders whose entries are not ordered by importance

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

absl::Status Changed(const std::string& path, uint64_t present, uint64_t wanted) {
  return FailedPrecondition(
      "the lexicon ", Quoted(path, kPathShown),
      " is not the one the pool was made with (its checksum is ",
      absl::Hex(present, absl::kZeroPad16), ", the pool's is ", absl::Hex(wanted, absl::kZeroPad16),
      "), and all that the pool learned depends on it: put the old file back, or make a new pool");
}

MadeEmbedder MakeLexicon(const EmbedderSettings& settings) {
  const std::string& file = settings.lexicon_file;
  if (file.find('/') != std::string::npos && file.front() != '/') {
    return InvalidArgument(
        "embedder.lexicon_file is ", Quoted(file),
        "; give the absolute path of a file, or the bare name of one that ships, "
        "such as ",
        kNewestLexicon);
  }
  const std::string path = LexiconPath(file);
  std::shared_ptr<const Lexicon> lexicon;
  ASSIGN_OR_RETURN(lexicon, Lexicon::Open(path));
  if (settings.lexicon_checksum != 0 && settings.lexicon_checksum != lexicon->checksum()) {
    return Changed(path, lexicon->checksum(), settings.lexicon_checksum);
  }
  const uint32_t dimension =
      settings.dimension == 0 ? std::min(LexiconEmbedder::kDimensionDefault, lexicon->dimension())
                              : settings.dimension;
  if (dimension > lexicon->dimension()) {
    return InvalidArgument("embedder.dimension is ", dimension, "; the lexicon ",
                           Quoted(path, kPathShown), " takes 1 to ", lexicon->dimension(),
                           ", or 0 for ", LexiconEmbedder::kDimensionDefault);
  }
  if (!(settings.sketch_weight >= 0 && settings.sketch_weight <= 1000)) {
    return InvalidArgument("embedder.sketch_weight is ", settings.sketch_weight,
                           "; it must be from 0 to 1000");
  }
  return std::make_shared<const LexiconEmbedder>(std::move(lexicon), dimension,
                                                 settings.sketch_weight);
}

MadeEmbedder MakeNone(const EmbedderSettings&) { return std::shared_ptr<const Embedder>(); }

// All embedders.
struct EmbedderRow {
  std::string_view name;
  MadeEmbedder (*make)(const EmbedderSettings& settings);
};
constexpr EmbedderRow kEmbedders[] = {
    {"lexicon", &MakeLexicon},
    {"hashing", &MakeHashing},
    {"caller", &MakeNone},
    {kRemoteEmbedder, &MakeNone},
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

absl::StatusOr<EmbedderSettings> ResolveEmbedder(const EmbedderSettings& settings) {
  std::shared_ptr<const Embedder> embedder;
  ASSIGN_OR_RETURN(embedder, MakeEmbedder(settings));
  EmbedderSettings resolved = settings;
  uint32_t projected = kProjectedDefault;
  if (const auto* lexicon = dynamic_cast<const LexiconEmbedder*>(embedder.get())) {
    if (resolved.lexicon_file.empty()) resolved.lexicon_file = std::string(kNewestLexicon);
    resolved.lexicon_checksum = lexicon->lexicon().checksum();
    resolved.dimension = lexicon->words_dimension();
    projected = lexicon->dimension();
  } else if (embedder != nullptr) {
    resolved.dimension = embedder->dimension();
  }
  if (resolved.projected == 0) {
    resolved.projected = std::min(projected, EmbeddedDimension(resolved));
  }
  RETURN_IF_ERROR(MakeProjection(resolved).status());
  return resolved;
}

uint32_t EmbeddedDimension(const EmbedderSettings& settings) {
  if (settings.name == "lexicon" && settings.sketch_weight > 0) {
    return settings.dimension + LexiconEmbedder::kSketchBuckets;
  }
  if (settings.name == "hashing" && settings.dimension == 0) {  // of a pool made before resolving
    return HashingEmbedder::kDimensionDefault;
  }
  return settings.dimension;
}

std::string LexiconPath(std::string_view lexicon_file) {
  if (lexicon_file.find('/') != std::string_view::npos) return std::string(lexicon_file);
  const std::string_view name = lexicon_file.empty() ? kNewestLexicon : lexicon_file;
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path().parent_path() / "share/pointsman" / Cat(name, ".lexicon")).string();
}

}  // namespace pointsman::retrieval

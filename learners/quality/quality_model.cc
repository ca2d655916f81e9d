#include "learners/quality/quality_model.h"

#include <array>
#include <cstddef>
#include <string>

#include "base/strings.h"
#include "learners/quality/context_free.h"
#include "learners/quality/hybrid/hybrid.h"
#include "learners/quality/knn.h"
#include "learners/quality/lin_thompson.h"
#include "learners/quality/linucb.h"
#include "learners/quality/mixture.h"

namespace pointsman::learners {
namespace {

struct Entry {
  const char* name;
  std::unique_ptr<QualityModel> (*make)(const LearnerSettings&, uint32_t dimension);
  absl::StatusOr<std::unique_ptr<QualityModel>> (*decode)(const LearnerSettings&,
                                                          uint32_t dimension, ByteReader&);
};

// One row per quality model, in the order in which help texts show them.
constexpr Entry kModels[] = {
    {"hybrid", MakeHybrid, DecodeHybrid},
    {"lin_thompson", MakeLinThompson, DecodeLinThompson},
    {"context_free", MakeContextFree, DecodeContextFree},
    {"ema", MakeEma, DecodeEma},
    {"knn", MakeKnn, DecodeKnn},
    {"linucb", MakeLinUcb, DecodeLinUcb},
    {"mixture", MakeMixture, DecodeMixture},
    {"hybrid_steady", MakeHybridSteady, DecodeHybridSteady},
};

constexpr auto kNames = [] {
  std::array<const char*, std::size(kModels)> names{};
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kModels[i].name;
  return names;
}();

absl::StatusOr<const Entry*> Find(const std::string& name) {
  std::string names;
  for (const Entry& entry : kModels) {
    if (name == entry.name) return &entry;
    names += Cat(names.empty() ? "" : ", ", entry.name);
  }
  return InvalidArgument("learner.quality_model: no model is named ", Quoted(name), "; there are ",
                         names);
}

}  // namespace

absl::StatusOr<std::unique_ptr<QualityModel>> MakeQualityModel(const LearnerSettings& settings,
                                                               uint32_t dimension) {
  const absl::StatusOr<const Entry*> entry = Find(settings.quality_model);
  if (!entry.ok()) return entry.status();
  return (*entry)->make(settings, dimension);
}

absl::StatusOr<std::unique_ptr<QualityModel>> DecodeQualityModel(const LearnerSettings& settings,
                                                                 uint32_t dimension,
                                                                 ByteReader& in) {
  const absl::StatusOr<const Entry*> entry = Find(settings.quality_model);
  if (!entry.ok()) return DataLoss(ToStd(entry.status().message()));
  return (*entry)->decode(settings, dimension, in);
}

std::span<const char* const> QualityModelNames() { return kNames; }

}  // namespace pointsman::learners

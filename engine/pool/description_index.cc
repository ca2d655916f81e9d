#include "engine/pool/description_index.h"

#include <utility>

namespace pointsman::engine {

DescriptionIndex::DescriptionIndex(uint32_t projected, retrieval::Building building)
    : vectors_(std::make_shared<const Vectors>()), arm_index_(projected, building) {}

float DescriptionIndex::Similarity(std::span<const float> embedding, ArmId arm) const {
  const auto vectors = vectors_.Get();
  const std::vector<float>* description = vectors->Get(Index(arm));
  if (description == nullptr) return 0;
  float dot = 0;
  for (std::size_t i = 0; i < embedding.size(); ++i) dot += embedding[i] * (*description)[i];
  return dot;
}

void DescriptionIndex::Put(std::span<const Arm* const> arms, const QueryEncoder& encoder) {
  Vectors vectors = *vectors_.Get();
  vectors.BeginEdit();
  for (const Arm* arm : arms) PutOne(*arm, encoder, vectors);
  vectors.EndEdit();
  vectors_.Set(std::make_shared<const Vectors>(std::move(vectors)));
}

void DescriptionIndex::PutOne(const Arm& arm, const QueryEncoder& encoder, Vectors& vectors) {
  std::vector<float> description = encoder.Describe(arm.description);
  if (encoder.remote() != nullptr && !arm.description.empty()) {
    if (const auto* present = vectors.Get(Index(arm.id))) description = *present;
  }
  if (arm.status == ArmStatus::kActive && !description.empty()) {
    arm_index_.Put(arm.id, description);
  } else {
    arm_index_.Remove(arm.id);
  }
  if (description.empty()) {
    if (vectors.Get(Index(arm.id)) != nullptr) vectors.Set(Index(arm.id), nullptr);
  } else {
    vectors.Set(Index(arm.id), std::make_shared<std::vector<float>>(std::move(description)));
  }
}

void DescriptionIndex::PutVector(const Arm& arm, std::vector<float> vector) {
  if (arm.status == ArmStatus::kActive) arm_index_.Put(arm.id, vector);
  Vectors vectors = *vectors_.Get();
  vectors.BeginEdit();
  vectors.Set(Index(arm.id), std::make_shared<std::vector<float>>(std::move(vector)));
  vectors.EndEdit();
  vectors_.Set(std::make_shared<const Vectors>(std::move(vectors)));
}

}  // namespace pointsman::engine

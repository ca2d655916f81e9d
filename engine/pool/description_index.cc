#include "engine/pool/description_index.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pointsman::engine {
namespace {

constexpr float kLeadMax = 4;
constexpr float kDeviationMin = 0.02F;
// With many arms fewer queries are looked at, so that the log writer is not held up.
constexpr std::size_t kJudgementsMax = std::size_t{1} << 20, kQueriesMin = 32;

float DotOf(std::span<const float> a, std::span<const float> b) {
  float dot = 0;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) dot += a[i] * b[i];
  return dot;
}

}  // namespace

DescriptionIndex::DescriptionIndex(uint32_t projected, retrieval::Building building)
    : vectors_(std::make_shared<const Vectors>()), arm_index_(projected, building) {}

DescriptionIndex::Match DescriptionIndex::MatchOf(std::span<const float> embedding,
                                                  ArmId arm) const {
  const auto vectors = vectors_.Get();
  const Described* description = vectors->Get(Index(arm));
  if (description == nullptr) return {};
  Match match{DotOf(embedding, description->vector), 0};
  if (description->deviation > 0) {
    const float lead = (match.similarity - description->mean) / description->deviation;
    match.lead = std::clamp(lead, -kLeadMax, kLeadMax);
  }
  return match;
}

std::shared_ptr<DescriptionIndex::Described> DescriptionIndex::Judged(
    std::vector<float> vector) const {
  auto described = std::make_shared<Described>();
  double sum = 0, squares = 0;
  for (const std::vector<float>& query : background_) {
    const double similarity = DotOf(query, vector);
    sum += similarity;
    squares += similarity * similarity;
  }
  if (!background_.empty()) {
    const double n = static_cast<double>(background_.size()), mean = sum / n;
    described->mean = static_cast<float>(mean);
    described->deviation = std::max(
        kDeviationMin, static_cast<float>(std::sqrt(std::max(0.0, squares / n - mean * mean))));
  }
  described->vector = std::move(vector);
  return described;
}

void DescriptionIndex::SetBackground(std::vector<std::vector<float>> queries) {
  const std::size_t arms = std::max<std::size_t>(1, vectors_.Get()->size());
  const std::size_t most = std::max(kQueriesMin, kJudgementsMax / arms);
  if (queries.size() > most) queries.resize(most);
  background_ = std::move(queries);
  Vectors vectors = *vectors_.Get();
  vectors.BeginEdit();
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    if (const Described* described = vectors.Get(i)) vectors.Set(i, Judged(described->vector));
  }
  vectors.EndEdit();
  vectors_.Set(std::make_shared<const Vectors>(std::move(vectors)));
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
    if (const auto* present = vectors.Get(Index(arm.id))) description = present->vector;
  }
  if (arm.status == ArmStatus::kActive && !description.empty()) {
    arm_index_.Put(arm.id, description);
  } else {
    arm_index_.Remove(arm.id);
  }
  if (description.empty()) {
    if (vectors.Get(Index(arm.id)) != nullptr) vectors.Set(Index(arm.id), nullptr);
  } else {
    vectors.Set(Index(arm.id), Judged(std::move(description)));
  }
}

void DescriptionIndex::PutVector(const Arm& arm, std::vector<float> vector) {
  if (arm.status == ArmStatus::kActive) arm_index_.Put(arm.id, vector);
  Vectors vectors = *vectors_.Get();
  vectors.BeginEdit();
  vectors.Set(Index(arm.id), Judged(std::move(vector)));
  vectors.EndEdit();
  vectors_.Set(std::make_shared<const Vectors>(std::move(vectors)));
}

}  // namespace pointsman::engine

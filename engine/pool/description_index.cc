#include "engine/pool/description_index.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pointsman::engine {
namespace {

constexpr float kLeadMax = 4;
constexpr float kDeviationMin = 0.02F;
// A description that is closer to the shared part has no part of its own. Vectors have unit norm.
constexpr float kOwnMin = 0.1F;
// With many arms fewer queries are looked at, so that the log writer is not held up.
constexpr std::size_t kJudgementsMax = std::size_t{1} << 20, kQueriesMin = 32;
// In a larger pool all are judged again only after it has grown by an eighth: one more arm changes little.
constexpr std::size_t kAlwaysJudged = 256;

float DotOf(std::span<const float> a, std::span<const float> b) {
  float dot = 0;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) dot += a[i] * b[i];
  return dot;
}

}  // namespace

DescriptionIndex::DescriptionIndex(uint32_t projected, retrieval::Building building)
    : table_(std::make_shared<const Table>()), arm_index_(projected, building) {}

DescriptionIndex::Matches DescriptionIndex::MatchesOf(std::span<const float> embedding) const {
  Matches matches;
  matches.table_ = table_.Get();
  matches.embedding_ = embedding;
  matches.shared_ = DotOf(embedding, matches.table_->shared);
  return matches;
}

DescriptionIndex::Match DescriptionIndex::Matches::Of(ArmId arm) const {
  const Described* description = table_->arms.Get(Index(arm));
  if (description == nullptr) return {};
  Match match{DotOf(embedding_, description->vector), 0};
  if (description->deviation > 0) {
    const float own = (match.similarity - shared_) / description->norm;
    match.lead =
        std::clamp((own - description->mean) / description->deviation, -kLeadMax, kLeadMax);
  }
  return match;
}

std::shared_ptr<DescriptionIndex::Described> DescriptionIndex::Judged(
    std::vector<float> vector) const {
  auto described = std::make_shared<Described>();
  std::vector<float> own = vector;
  for (std::size_t i = 0; i < shared_.size(); ++i) own[i] -= shared_[i];
  described->vector = std::move(vector);
  described->norm = std::sqrt(DotOf(own, own));
  if (background_.empty() || described->norm < kOwnMin) return described;
  double sum = 0, squares = 0;
  for (const std::vector<float>& query : background_) {
    const double similarity = DotOf(query, own) / described->norm;
    sum += similarity;
    squares += similarity * similarity;
  }
  const double n = static_cast<double>(background_.size()), mean = sum / n;
  described->mean = static_cast<float>(mean);
  described->deviation = std::max(
      kDeviationMin, static_cast<float>(std::sqrt(std::max(0.0, squares / n - mean * mean))));
  return described;
}

void DescriptionIndex::JudgeAll(Table& table) {
  std::vector<double> sum;
  for (std::size_t i = 0; i < table.arms.size(); ++i) {
    const Described* described = table.arms.Get(i);
    if (described == nullptr) continue;
    sum.resize(described->vector.size());
    for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += described->vector[j];
  }
  judged_ = described_;
  shared_.clear();
  // The mean of one description is the description.
  if (described_ > 1) {
    for (const double total : sum) {
      shared_.push_back(static_cast<float>(total / static_cast<double>(described_)));
    }
  }
  for (std::size_t i = 0; i < table.arms.size(); ++i) {
    if (const Described* described = table.arms.Get(i)) {
      table.arms.Set(i, Judged(described->vector));
    }
  }
}

void DescriptionIndex::Publish(Table table) {
  if (described_ <= kAlwaysJudged || described_ > judged_ + judged_ / 8 ||
      described_ + described_ / 8 < judged_) {
    JudgeAll(table);
  }
  table.arms.EndEdit();
  table.shared = shared_;
  table_.Set(std::make_shared<const Table>(std::move(table)));
}

void DescriptionIndex::SetBackground(std::vector<std::vector<float>> queries) {
  const std::size_t most =
      std::max(kQueriesMin, kJudgementsMax / std::max<std::size_t>(1, described_));
  if (queries.size() > most) queries.resize(most);
  background_ = std::move(queries);
  Table table = *table_.Get();
  table.arms.BeginEdit();
  judged_ = 0;
  Publish(std::move(table));
}

void DescriptionIndex::Put(std::span<const Arm* const> arms, const QueryEncoder& encoder) {
  Table table = *table_.Get();
  table.arms.BeginEdit();
  for (const Arm* arm : arms) {
    std::vector<float> description = encoder.Describe(arm->description);
    if (encoder.remote() != nullptr && !arm->description.empty()) {
      if (const auto* present = table.arms.Get(Index(arm->id))) description = present->vector;
    }
    SetVector(*arm, std::move(description), table);
  }
  Publish(std::move(table));
}

void DescriptionIndex::PutVector(const Arm& arm, std::vector<float> vector) {
  Table table = *table_.Get();
  table.arms.BeginEdit();
  SetVector(arm, std::move(vector), table);
  Publish(std::move(table));
}

void DescriptionIndex::SetVector(const Arm& arm, std::vector<float> vector, Table& table) {
  if (arm.status == ArmStatus::kActive && !vector.empty()) {
    arm_index_.Put(arm.id, vector);
  } else {
    arm_index_.Remove(arm.id);
  }
  // What a removed arm said is not shared with the others.
  if (arm.status == ArmStatus::kRemoved) vector.clear();
  const bool was_described = table.arms.Get(Index(arm.id)) != nullptr;
  described_ += static_cast<std::size_t>(!vector.empty()) - static_cast<std::size_t>(was_described);
  if (vector.empty()) {
    if (was_described) table.arms.Set(Index(arm.id), nullptr);
  } else {
    table.arms.Set(Index(arm.id), Judged(std::move(vector)));
  }
}

}  // namespace pointsman::engine

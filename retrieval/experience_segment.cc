#include "retrieval/experience_segment.h"

#include <algorithm>

#include "base/check.h"
#include "retrieval/dot.h"

namespace pointsman {
namespace {

// Below this, looking at every row costs less than ranking lists and jumping between them.
constexpr std::size_t kListedRowsMin = 2048;
constexpr std::size_t kProbes = 8;

}  // namespace

ExperienceSegment::ExperienceSegment(uint32_t dimension, std::size_t capacity)
    : dimension_(dimension),
      capacity_(capacity),
      contexts_(std::make_unique_for_overwrite<float[]>(dimension * capacity)),
      entries_(std::make_unique<Entry[]>(capacity)),
      qualities_(std::make_unique<std::atomic<float>[]>(capacity)) {}

std::shared_ptr<ExperienceSegment> ExperienceSegment::Join(
    uint32_t dimension, std::span<const std::shared_ptr<ExperienceSegment>> parts, Sequence first) {
  std::size_t rows = 0;
  for (const auto& part : parts) {
    const std::size_t count = part->count();
    rows += count - part->LowerBound(first, count);
  }
  auto joined = std::make_shared<ExperienceSegment>(dimension, rows);
  std::vector<float> contexts;
  std::size_t at = 0;
  for (const auto& part : parts) {
    const std::size_t count = part->count();
    const std::size_t begin = part->LowerBound(first, count);
    contexts.resize(count * dimension);
    part->CopyContexts(contexts);
    std::copy(contexts.begin() + static_cast<std::ptrdiff_t>(begin * dimension), contexts.end(),
              joined->contexts_.get() + at * dimension);
    for (std::size_t row = begin; row < count; ++row, ++at) {
      joined->entries_[at] = part->entries_[row];
      joined->qualities_[at].store(part->qualities_[row].load(std::memory_order_relaxed),
                                   std::memory_order_relaxed);
    }
  }
  joined->count_.store(rows, std::memory_order_release);
  if (rows < kListedRowsMin) return joined;
  auto lists = InvertedFile::Build(dimension, {joined->contexts_.get(), rows * dimension});
  // Without lists the segment still answers, exactly and more slowly.
  if (lists.ok()) {
    joined->lists_ = std::move(lists).value();
    joined->contexts_ = nullptr;
  }
  return joined;
}

void ExperienceSegment::Append(const Experience& experience) {
  const std::size_t row = count_.load(std::memory_order_relaxed);
  POINTSMAN_CHECK(row < capacity_ && contexts_ != nullptr);
  std::copy(experience.context.begin(), experience.context.end(),
            contexts_.get() + row * dimension_);
  entries_[row] = {experience.sequence, experience.arm, experience.weight};
  qualities_[row].store(experience.quality, std::memory_order_relaxed);
  count_.store(row + 1, std::memory_order_release);
}

bool ExperienceSegment::Correct(Sequence sequence, float quality) {
  const std::size_t rows = count();
  const std::size_t row = LowerBound(sequence, rows);
  if (row == rows || entries_[row].sequence != sequence) return false;
  qualities_[row].store(quality, std::memory_order_relaxed);
  return true;
}

std::size_t ExperienceSegment::LowerBound(Sequence sequence, std::size_t count) const {
  const Entry* begin = entries_.get();
  const Entry* found =
      std::lower_bound(begin, begin + count, sequence,
                       [](const Entry& entry, Sequence s) { return entry.sequence < s; });
  return static_cast<std::size_t>(found - begin);
}

bool ExperienceSegment::Scan(std::span<const float> query, std::size_t first_row, std::size_t count,
                             bool is_exact, std::size_t k, uint32_t source,
                             InvertedFile::Ranking& scratch, TopHits& hits) const {
  if (lists_ == nullptr) {
    ScanRows(query, first_row, count, source, hits);
    return true;
  }
  // Of a large k, lists that hold about four times as many rows.
  const std::size_t probes =
      is_exact ? lists_->lists() : std::max(kProbes, 4 * k * lists_->lists() / lists_->rows());
  lists_->NearestLists(query, probes, scratch);
  for (const auto& ranked : scratch) {
    const InvertedFile::List list = lists_->list(ranked.second);
    for (std::size_t i = 0; i < list.size; ++i) {
      const auto row = static_cast<std::size_t>(list.ids[i]);
      if (row < first_row) continue;
      const float similarity = Dot(query.data(), list.rows + i * dimension_, dimension_);
      if (!hits.Wants(similarity)) continue;
      hits.Add({similarity, entries_[row].sequence, source, static_cast<uint32_t>(row)});
    }
  }
  return probes >= lists_->lists();
}

void ExperienceSegment::ScanRows(std::span<const float> query, std::size_t first_row,
                                 std::size_t count, uint32_t source, TopHits& hits) const {
  for (std::size_t row = first_row; row < count; ++row) {
    const float similarity = Dot(query.data(), contexts_.get() + row * dimension_, dimension_);
    if (!hits.Wants(similarity)) continue;
    hits.Add({similarity, entries_[row].sequence, source, static_cast<uint32_t>(row)});
  }
}

Neighbour ExperienceSegment::Get(const Hit& hit) const {
  const Entry& entry = entries_[hit.row];
  return {.sequence = entry.sequence,
          .arm = entry.arm,
          .quality = qualities_[hit.row].load(std::memory_order_relaxed),
          .weight = entry.weight,
          .similarity = hit.similarity};
}

void ExperienceSegment::CopyContexts(std::span<float> out) const {
  if (lists_ != nullptr) {
    lists_->CopyRows(out);
  } else {
    std::copy_n(contexts_.get(), out.size(), out.data());
  }
}

std::pair<std::size_t, std::size_t> NextJoin(std::span<const SegmentSpan> segments, Sequence now,
                                             std::size_t joined_max) {
  std::pair<std::size_t, std::size_t> largest{0, 0};
  for (uint32_t bits = kTileBits + kLevelBits; bits < 64 && (now >> bits) > 0; bits += kLevelBits) {
    std::size_t begin = 0;
    while (begin < segments.size()) {
      const Sequence tile = segments[begin].first >> bits;
      std::size_t end = begin, rows = 0;
      while (end < segments.size() && segments[end].first >> bits == tile) {
        rows += segments[end++].count;
      }
      const bool is_over = tile < now >> bits;
      if (is_over && end - begin > 1 && rows <= joined_max) {
        // A tile of a higher level swallows those below it, which then need not be built.
        if (largest.second == 0 || begin <= largest.first) largest = {begin, end};
      }
      begin = end;
    }
  }
  return largest;
}

}  // namespace pointsman

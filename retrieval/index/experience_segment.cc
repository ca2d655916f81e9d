#include "retrieval/index/experience_segment.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace pointsman::retrieval {
namespace {

// Below this, scanning every row costs less than ranking lists and jumping between them.
constexpr std::size_t kListedRowsMin = 1024;
constexpr std::size_t kProbes = 8;
constexpr std::size_t kAtOnce = 256;  // rows whose products are computed together

}  // namespace

ExperienceSegment::ExperienceSegment(uint32_t dimension, std::size_t capacity)
    : stride_(CodeStride(dimension)),
      capacity_(capacity),
      codes_(std::make_unique_for_overwrite<int8_t[]>(stride_ * capacity)),
      scales_(std::make_unique_for_overwrite<float[]>(capacity)),
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
  std::size_t at = 0;
  for (const auto& part : parts) {
    const std::size_t count = part->count();
    const std::size_t begin = part->LowerBound(first, count);
    part->CopyRows(begin, count, *joined, at);
    for (std::size_t row = begin; row < count; ++row, ++at) {
      joined->entries_[at] = part->entries_[row];
      joined->qualities_[at].store(part->qualities_[row].load(std::memory_order_relaxed),
                                   std::memory_order_relaxed);
    }
  }
  joined->count_.store(rows, std::memory_order_release);
  if (rows < kListedRowsMin) return joined;
  auto lists = InvertedFile::Build(dimension, {joined->codes_.get(), rows * joined->stride_},
                                   {joined->scales_.get(), rows});
  // Without lists the segment still answers, exactly and more slowly.
  if (lists.ok()) {
    joined->lists_ = std::move(lists).value();
    joined->codes_ = nullptr;
    joined->scales_ = nullptr;
  }
  return joined;
}

void ExperienceSegment::Append(const Experience& experience) {
  const std::size_t row = count_.load(std::memory_order_relaxed);
  POINTSMAN_CHECK(row < capacity_ && codes_ != nullptr);
  scales_[row] = EncodeRow(experience.context, codes_.get() + row * stride_);
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

bool ExperienceSegment::Scan(const CodedQuery& query, std::size_t first_row, std::size_t count,
                             bool is_exact, std::size_t k, uint32_t first_key,
                             InvertedFile::Ranking& scratch, TopHits& hits) const {
  if (lists_ == nullptr) {
    for (std::size_t row = first_row; row < count; row += kAtOnce) {
      Offer(query,
            {codes_.get() + row * stride_, scales_.get() + row, nullptr,
             std::min(kAtOnce, count - row)},
            row, first_key, hits);
    }
    return true;
  }
  // For a large k: lists that together hold about four times as many rows.
  const std::size_t probes =
      is_exact ? lists_->lists() : std::max(kProbes, 4 * k * lists_->lists() / lists_->rows());
  lists_->NearestLists(query, probes, scratch);
  for (const auto& ranked : scratch) {
    InvertedFile::List list = lists_->list(ranked.second);
    while (list.size > 0) {
      InvertedFile::List some = list;
      some.size = std::min(kAtOnce, list.size);
      Offer(query, some, first_row, first_key, hits);
      list = {list.codes + some.size * stride_, list.scales + some.size, list.ids + some.size,
              list.size - some.size};
    }
  }
  return probes >= lists_->lists();
}

// Offers the rows of a list except those before `first_row`; or, without ids, rows from `first_row` on.
void ExperienceSegment::Offer(const CodedQuery& query, const InvertedFile::List& rows,
                              std::size_t first_row, uint32_t first_key, TopHits& hits) const {
  float similarities[kAtOnce];
  CodeSimilarities(query, rows.codes, rows.scales, rows.size, similarities);
  for (std::size_t i = 0; i < rows.size; ++i) {
    if (!hits.Wants(similarities[i])) continue;
    const std::size_t row = rows.ids == nullptr ? first_row + i : rows.ids[i];
    if (row < first_row) continue;
    hits.Add({similarities[i], first_key + static_cast<uint32_t>(row)});
  }
}

Neighbour ExperienceSegment::Get(std::size_t row, float similarity) const {
  const Entry& entry = entries_[row];
  const float quality = qualities_[row].load(std::memory_order_relaxed);
  const bool is_withdrawn = std::isnan(quality);
  return {.sequence = entry.sequence,
          .arm = entry.arm,
          .quality = is_withdrawn ? 0 : quality,
          .weight = is_withdrawn ? 0 : entry.weight,
          .similarity = similarity};
}

void ExperienceSegment::CopyRows(std::size_t begin, std::size_t end, ExperienceSegment& to,
                                 std::size_t at) const {
  if (lists_ == nullptr) {
    std::copy_n(codes_.get() + begin * stride_, (end - begin) * stride_,
                to.codes_.get() + at * stride_);
    std::copy_n(scales_.get() + begin, end - begin, to.scales_.get() + at);
    return;
  }
  std::vector<int8_t> codes(lists_->rows() * stride_);
  std::vector<float> scales(lists_->rows());
  lists_->CopyRows(codes, scales);
  std::copy_n(codes.data() + begin * stride_, (end - begin) * stride_,
              to.codes_.get() + at * stride_);
  std::copy_n(scales.data() + begin, end - begin, to.scales_.get() + at);
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
        // A tile of a higher level contains those below it, which then need not be built.
        if (largest.second == 0 || begin <= largest.first) largest = {begin, end};
      }
      begin = end;
    }
  }
  return largest;
}

}  // namespace pointsman::retrieval

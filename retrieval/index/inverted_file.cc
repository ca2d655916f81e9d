#include "retrieval/index/inverted_file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "base/check.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "retrieval/index/k_means.h"

namespace pointsman::retrieval {
namespace {

constexpr std::size_t kSamplesPerCentroid = 32;
constexpr int kIterations = 5;
constexpr std::size_t kAtOnce = 256;  // centroids whose products are computed together

// Inserts into a ranking of at most `count`, most similar first. An earlier list stays before equal ones.
void Insert(std::pair<float, uint32_t> list, std::size_t count, InvertedFile::Ranking& ranking) {
  if (ranking.size() == count) ranking.pop_back();
  std::size_t at = ranking.size();
  ranking.push_back(list);
  for (; at > 0 && ranking[at - 1].first < list.first; --at) ranking[at] = ranking[at - 1];
  ranking[at] = list;
}

// At least 2 sqrt(n), as a power of two: 64 lists for 1,024 rows, 512 for 65,536.
std::size_t ListCount(std::size_t rows) {
  const auto wanted = static_cast<std::size_t>(2 * std::sqrt(static_cast<double>(rows)));
  return std::min(std::bit_ceil(std::max<std::size_t>(wanted, 1)), rows);
}

}  // namespace

absl::StatusOr<std::unique_ptr<const InvertedFile>> InvertedFile::Build(
    uint32_t dimension, std::span<const int8_t> codes, std::span<const float> scales) {
  if (dimension == 0 || scales.empty() || codes.size() != scales.size() * CodeStride(dimension)) {
    return InvalidArgument("an inverted file needs n scales and n * ", CodeStride(dimension),
                           " codes for d = ", dimension, ", n and d at least 1; it got ",
                           scales.size(), " and ", codes.size());
  }
  // FAISS throws from inside loops that OpenMP may run, so whatever makes it throw is excluded here.
  if (!std::all_of(scales.begin(), scales.end(), [](float x) { return std::isfinite(x); })) {
    return InvalidArgument("an inverted file needs finite rows; drop those with NaN or infinity");
  }
  std::unique_ptr<InvertedFile> file(new InvertedFile(dimension));
  RETURN_IF_ERROR(file->FindCentroids(codes, scales));
  file->FillLists(codes, scales);
  return std::unique_ptr<const InvertedFile>(std::move(file));
}

absl::Status InvertedFile::FindCentroids(std::span<const int8_t> codes,
                                         std::span<const float> scales) {
  const std::size_t n = scales.size(), stride = CodeStride(dimension_), lists = ListCount(n);
  // Samples evenly spaced rows: rows are in order of time, and all times should be represented.
  const std::size_t samples = std::min(n, lists * kSamplesPerCentroid);
  std::vector<float> rows(samples * dimension_);
  for (std::size_t i = 0; i < samples; ++i) {
    const std::size_t row = i * n / samples;
    DecodeRow(codes.data() + row * stride, scales[row],
              std::span(rows).subspan(i * dimension_, dimension_));
  }
  ASSIGN_OR_RETURN(const std::vector<float> centres,
                   FindCentres(dimension_, rows, lists, kIterations));
  centroids_.resize(lists * stride);
  for (std::size_t i = 0; i < lists; ++i) {
    centroid_scales_.push_back(EncodeRow(std::span(centres).subspan(i * dimension_, dimension_),
                                         centroids_.data() + i * stride));
  }
  return absl::OkStatus();
}

// Puts each row into the list with the most similar centroid. Within a list, rows are in order of ids.
void InvertedFile::FillLists(std::span<const int8_t> codes, std::span<const float> scales) {
  const std::size_t n = scales.size(), stride = CodeStride(dimension_);
  std::vector<uint32_t> list_of(n);
  Ranking nearest;
  for (std::size_t row = 0; row < n; ++row) {
    NearestLists(QueryOfRow(codes.data() + row * stride, scales[row], dimension_), 1, nearest);
    list_of[row] = nearest.front().second;
  }
  begins_.assign(centroid_scales_.size() + 1, 0);
  for (const uint32_t list : list_of) ++begins_[list + 1];
  for (std::size_t i = 1; i < begins_.size(); ++i) begins_[i] += begins_[i - 1];
  std::vector<uint32_t> next(begins_.begin(), begins_.end() - 1);
  ids_.resize(n);
  scales_.resize(n);
  codes_.resize(n * stride);
  for (std::size_t row = 0; row < n; ++row) {
    const std::size_t at = next[list_of[row]]++;
    ids_[at] = static_cast<uint32_t>(row);
    scales_[at] = scales[row];
    std::copy_n(codes.data() + row * stride, stride, codes_.data() + at * stride);
  }
}

void InvertedFile::NearestLists(const CodedQuery& query, std::size_t count,
                                Ranking& ranking) const {
  const std::size_t stride = CodeStride(dimension_), lists = centroid_scales_.size();
  POINTSMAN_CHECK(query.codes.size() == stride);
  count = std::min(count, lists);
  ranking.clear();
  float similarities[kAtOnce];
  for (std::size_t first = 0; first < lists; first += kAtOnce) {
    const std::size_t some = std::min(kAtOnce, lists - first);
    CodeSimilarities(query, centroids_.data() + first * stride, centroid_scales_.data() + first,
                     some, similarities);
    for (std::size_t i = 0; i < some; ++i) {
      const float similarity = similarities[i];
      if (ranking.size() == count && !(similarity > ranking.back().first)) continue;
      Insert({similarity, static_cast<uint32_t>(first + i)}, count, ranking);
    }
  }
}

InvertedFile::List InvertedFile::list(uint32_t index) const {
  const std::size_t begin = begins_[index], stride = CodeStride(dimension_);
  return {.codes = codes_.data() + begin * stride,
          .scales = scales_.data() + begin,
          .ids = ids_.data() + begin,
          .size = begins_[index + 1] - begin};
}

void InvertedFile::CopyRows(std::span<int8_t> codes, std::span<float> scales) const {
  const std::size_t stride = CodeStride(dimension_);
  POINTSMAN_CHECK(scales.size() == rows() && codes.size() == rows() * stride);
  for (std::size_t at = 0; at < rows(); ++at) {
    scales[ids_[at]] = scales_[at];
    std::copy_n(codes_.data() + at * stride, stride, codes.data() + ids_[at] * stride);
  }
}

}  // namespace pointsman::retrieval

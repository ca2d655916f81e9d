// Vectors and exact answers for the tests of retrieval/.
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "retrieval/index/row_codes.h"

namespace pointsman::retrieval {

inline void Normalise(std::span<float> x) {
  double squares = 0;
  for (const float value : x) squares += double{value} * value;
  for (float& value : x) value = static_cast<float>(value / std::sqrt(squares));
}

// `count` unit vectors of d entries around as many unit centres as asked for. `spread` is the
// length of the noise against the centre's 1: at 0.7 neighbours of one cluster have a cosine near
// 0.67. The centres depend on `seed` alone; `first` skips vectors, so that queries can be others.
inline std::vector<float> ClusteredVectors(std::size_t count, std::size_t d, std::size_t clusters,
                                           double spread, uint64_t seed, uint64_t stream = 0) {
  Rng centre_rng(seed);
  std::vector<float> centres(clusters * d);
  for (float& x : centres) x = static_cast<float>(centre_rng.Normal());
  for (std::size_t i = 0; i < clusters; ++i) Normalise(std::span(centres).subspan(i * d, d));
  Rng rng(seed + 1000003 * (stream + 1));
  std::vector<float> rows(count * d);
  const double noise = spread / std::sqrt(static_cast<double>(d));
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t centre = rng.Below(clusters);
    for (std::size_t j = 0; j < d; ++j) {
      rows[i * d + j] = static_cast<float>(double{centres[centre * d + j]} + noise * rng.Normal());
    }
    Normalise(std::span(rows).subspan(i * d, d));
  }
  return rows;
}

// The similarity of a row's codes to a query's, in integers and then once rounded per factor.
inline float CodedSimilarity(std::span<const float> query, std::span<const float> row) {
  const CodedQuery coded = EncodeQuery(query);
  std::vector<int8_t> codes(CodeStride(row.size()));
  const float scale = EncodeRow(row, codes.data());
  int64_t sum = 0;
  for (std::size_t i = 0; i < codes.size(); ++i) sum += int64_t{coded.codes[i]} * codes[i];
  return static_cast<float>(sum) * (coded.scale * scale);
}

// The k most similar of `rows`, best first, as (similarity, row), in double precision.
inline std::vector<std::pair<double, std::size_t>> Nearest(std::span<const float> rows,
                                                           std::span<const float> query,
                                                           std::size_t k) {
  std::vector<std::pair<double, std::size_t>> all;
  for (std::size_t row = 0; row * query.size() < rows.size(); ++row) {
    double sum = 0;
    for (std::size_t j = 0; j < query.size(); ++j) {
      sum += double{rows[row * query.size() + j]} * query[j];
    }
    all.emplace_back(sum, row);
  }
  const std::size_t kept = std::min(k, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(kept), all.end(),
                    [](const auto& a, const auto& b) {
                      return a.first != b.first ? a.first > b.first : a.second < b.second;
                    });
  all.resize(kept);
  return all;
}

}  // namespace pointsman::retrieval

#include "retrieval/index/grouping.h"

#include <algorithm>
#include <cmath>

#include "base/status_macros.h"
#include "base/strings.h"
#include "retrieval/embed/dot.h"
#include "retrieval/index/k_means.h"

namespace pointsman::retrieval {
namespace {

constexpr int kIterations = 20;

}  // namespace

absl::StatusOr<Grouping> GroupRows(uint32_t dimension, std::span<const float> rows,
                                   std::size_t groups) {
  if (dimension == 0 || groups == 0 || rows.empty() || rows.size() % dimension != 0 ||
      !std::all_of(rows.begin(), rows.end(), [](float x) { return std::isfinite(x); })) {
    return InvalidArgument("grouping needs rows of d finite numbers, and at least one of each");
  }
  const std::size_t n = rows.size() / dimension;
  groups = std::min(groups, n);
  ASSIGN_OR_RETURN(const std::vector<float> centres,
                   FindCentres(dimension, rows, groups, kIterations));
  Grouping grouping;
  for (std::size_t row = 0; row < n; ++row) {
    uint32_t best = 0;
    float most = -2;
    for (std::size_t group = 0; group < groups; ++group) {
      const float product =
          Dot(rows.data() + row * dimension, centres.data() + group * dimension, dimension);
      if (product > most) {
        best = static_cast<uint32_t>(group);
        most = product;
      }
    }
    grouping.group_of.push_back(best);
    grouping.similarity.push_back(most);
  }
  return grouping;
}

}  // namespace pointsman::retrieval

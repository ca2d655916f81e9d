#include "retrieval/index/grouping.h"

#include <faiss/Clustering.h>
#include <faiss/IndexFlat.h>
#include <faiss/impl/FaissException.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/strings.h"
#include "retrieval/index/one_thread.h"

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
  KeepToOneThread();
  faiss::ClusteringParameters parameters;
  parameters.niter = kIterations;
  parameters.seed = 1;
  parameters.spherical = true;
  parameters.min_points_per_centroid = 1;
  parameters.max_points_per_centroid = static_cast<int>(n);
  faiss::Clustering clustering(static_cast<int>(dimension), static_cast<int>(groups), parameters);
  Grouping grouping;
  try {
    faiss::IndexFlatIP index(dimension);
    clustering.train(static_cast<faiss::Index::idx_t>(n), rows.data(), index);
  } catch (const faiss::FaissException& e) {
    return absl::InternalError(Cat("FAISS could not group ", n, " rows: ", std::string(e.what())));
  }
  for (std::size_t row = 0; row < n; ++row) {
    uint32_t best = 0;
    float most = -2;
    for (std::size_t group = 0; group < groups; ++group) {
      float product = 0;
      for (std::size_t i = 0; i < dimension; ++i) {
        product += rows[row * dimension + i] * clustering.centroids[group * dimension + i];
      }
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

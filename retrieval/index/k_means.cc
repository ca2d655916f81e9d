#include "retrieval/index/k_means.h"

#include <faiss/Clustering.h>
#include <faiss/IndexFlat.h>
#include <faiss/impl/FaissException.h>
#include <faiss/utils/distances.h>
#include <omp.h>

#include <string>

#include "base/strings.h"

// OpenBLAS's function, if FAISS uses that BLAS.
extern "C" __attribute__((weak)) void openblas_set_num_threads(int count);

namespace pointsman::retrieval {
namespace {

// FAISS multiplies blocks of 4,096 rows by 1,024 centroids: 16 MB of products, allocated in each iteration,
// which leave holes of that size in the heap.
void KeepBlocksSmall() {
  static const bool is_set = [] {
    faiss::distance_compute_blas_query_bs = 256;
    faiss::distance_compute_blas_database_bs = 256;
    return true;
  }();
  static_cast<void>(is_set);
}

// OpenMP's setting belongs to the calling thread: setting it in main does not affect other threads.
void KeepToOneThread() {
  thread_local const bool is_set = [] {
    omp_set_num_threads(1);
    if (openblas_set_num_threads != nullptr) openblas_set_num_threads(1);
    return true;
  }();
  static_cast<void>(is_set);
}

}  // namespace

absl::StatusOr<std::vector<float>> FindCentres(uint32_t dimension, std::span<const float> rows,
                                               std::size_t centres, int iterations) {
  const std::size_t n = rows.size() / dimension;
  KeepToOneThread();
  KeepBlocksSmall();
  faiss::ClusteringParameters parameters;
  parameters.niter = iterations;
  parameters.seed = 1;
  parameters.spherical = true;
  parameters.min_points_per_centroid = 1;
  parameters.max_points_per_centroid = static_cast<int>(n);  // all rows are used
  faiss::Clustering clustering(static_cast<int>(dimension), static_cast<int>(centres), parameters);
  try {
    faiss::IndexFlatIP index(dimension);
    clustering.train(static_cast<faiss::Index::idx_t>(n), rows.data(), index);
  } catch (const faiss::FaissException& e) {
    return absl::InternalError(Cat("FAISS could not find ", centres, " centres of ", n,
                                   " rows with d = ", dimension, ": ", std::string(e.what())));
  }
  return std::move(clustering.centroids);
}

}  // namespace pointsman::retrieval

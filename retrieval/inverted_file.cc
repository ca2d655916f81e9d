#include "retrieval/inverted_file.h"

#include <faiss/IndexFlat.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/impl/FaissException.h>
#include <omp.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "base/check.h"
#include "base/strings.h"
#include "retrieval/dot.h"

namespace pointsman {
namespace {

// The setting belongs to the calling thread: one made in main does not reach other threads.
void KeepOpenMpToOneThread() {
  thread_local const bool is_set = [] {
    omp_set_num_threads(1);
    return true;
  }();
  static_cast<void>(is_set);
}

// At least 2 sqrt(n), as a power of two: 128 lists for 2,048 rows, 1,024 for 100,000.
std::size_t ListCount(std::size_t rows) {
  const auto wanted = static_cast<std::size_t>(2 * std::sqrt(static_cast<double>(rows)));
  return std::min(std::bit_ceil(std::max<std::size_t>(wanted, 1)), rows);
}

}  // namespace

struct InvertedFile::Impl {
  Impl(uint32_t d, std::span<const float> rows)
      : dimension(d),
        quantizer(d),
        index(&quantizer, d, ListCount(rows.size() / d), faiss::METRIC_INNER_PRODUCT) {
    const auto count = static_cast<faiss::Index::idx_t>(rows.size() / d);
    index.cp.niter = 8;
    index.cp.seed = 1;
    index.cp.spherical = true;
    index.cp.min_points_per_centroid = 1;
    index.cp.max_points_per_centroid = 48;
    index.train(count, rows.data());
    index.add(count, rows.data());
  }

  const uint32_t dimension;
  faiss::IndexFlatIP quantizer;
  faiss::IndexIVFFlat index;
};

absl::StatusOr<std::unique_ptr<const InvertedFile>> InvertedFile::Build(
    uint32_t dimension, std::span<const float> rows) {
  if (dimension == 0 || rows.empty() || rows.size() % dimension != 0) {
    return InvalidArgument("an inverted file needs n * d floats, n and d at least 1; it got ",
                           rows.size(), " floats with d = ", dimension);
  }
  // FAISS throws from inside loops that OpenMP may run; what it would throw for is ruled out here.
  if (!std::all_of(rows.begin(), rows.end(), [](float x) { return std::isfinite(x); })) {
    return InvalidArgument("an inverted file needs finite rows; drop those with NaN or infinity");
  }
  KeepOpenMpToOneThread();
  try {
    return std::unique_ptr<const InvertedFile>(
        new InvertedFile(std::make_unique<Impl>(dimension, rows)));
  } catch (const faiss::FaissException& e) {
    return absl::InternalError(Cat("FAISS could not build an index of ", rows.size() / dimension,
                                   " rows with d = ", dimension, ": ", std::string(e.what())));
  }
}

InvertedFile::InvertedFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
InvertedFile::~InvertedFile() = default;

std::size_t InvertedFile::rows() const { return static_cast<std::size_t>(impl_->index.ntotal); }

std::size_t InvertedFile::lists() const { return impl_->index.nlist; }

void InvertedFile::NearestLists(std::span<const float> query, std::size_t count,
                                Ranking& ranking) const {
  POINTSMAN_CHECK(query.size() == impl_->dimension);
  const float* centroids = impl_->quantizer.get_xb();
  ranking.clear();
  for (uint32_t i = 0; i < lists(); ++i) {
    ranking.emplace_back(Dot(query.data(), centroids + std::size_t{i} * query.size(), query.size()),
                         i);
  }
  if (count >= ranking.size()) return;
  std::nth_element(ranking.begin(), ranking.begin() + static_cast<std::ptrdiff_t>(count),
                   ranking.end(), [](const auto& a, const auto& b) {
                     return a.first != b.first ? a.first > b.first : a.second < b.second;
                   });
  ranking.resize(count);
}

InvertedFile::List InvertedFile::list(uint32_t index) const {
  const faiss::InvertedLists& lists = *impl_->index.invlists;
  return {.rows = reinterpret_cast<const float*>(lists.get_codes(index)),
          .ids = lists.get_ids(index),
          .size = lists.list_size(index)};
}

void InvertedFile::CopyRows(std::span<float> out) const {
  const std::size_t d = impl_->dimension;
  POINTSMAN_CHECK(out.size() == rows() * d);
  for (uint32_t i = 0; i < lists(); ++i) {
    const List from = list(i);
    for (std::size_t j = 0; j < from.size; ++j) {
      std::copy_n(from.rows + j * d, d, out.data() + static_cast<std::size_t>(from.ids[j]) * d);
    }
  }
}

}  // namespace pointsman

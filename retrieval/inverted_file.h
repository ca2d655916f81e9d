// An immutable set of vectors in lists of similar ones: k-means centroids and one list a centroid,
// so that a search reads the few lists whose centroids are nearest. Built, quantised and stored by
// FAISS (IndexIVFFlat). It answers where to look, and the caller scans with Dot and its own filter:
// FAISS's own search enters OpenMP, counts in unguarded globals and cannot share one heap among
// several indexes.
// Shapes: n rows of d floats, row-major; row ids are 0 .. n-1.
// Cost: Build about 10 us a row; NearestLists O(lists * d).
// Threads: const; any number of threads.
// Source: inverted file, Sivic and Zisserman 2003; spherical k-means, Dhillon and Modha 2001.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace pointsman {

class InvertedFile {
 public:
  struct List {
    const float* rows = nullptr;  // size * d
    const int64_t* ids = nullptr;
    std::size_t size = 0;
  };
  using Ranking = std::vector<std::pair<float, uint32_t>>;  // similarity and list

  // On one thread and from a fixed seed, so the same rows give the same lists.
  // Errors: kInvalidArgument for an empty or misshapen `rows`; kInternal with what FAISS said.
  static absl::StatusOr<std::unique_ptr<const InvertedFile>> Build(uint32_t dimension,
                                                                   std::span<const float> rows);
  ~InvertedFile();
  InvertedFile(const InvertedFile&) = delete;
  InvertedFile& operator=(const InvertedFile&) = delete;

  std::size_t rows() const;
  std::size_t lists() const;
  // The `count` lists with the nearest centroids, in no particular order. Fills `ranking`.
  void NearestLists(std::span<const float> query, std::size_t count, Ranking& ranking) const;
  List list(uint32_t index) const;
  // Writes all rows in the order of their ids; `out` has n * d entries.
  void CopyRows(std::span<float> out) const;

 private:
  struct Impl;
  explicit InvertedFile(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman

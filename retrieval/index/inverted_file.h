// An immutable set of vectors in lists of similar ones: k-means centroids and one list per centroid. A search
// reads only the few lists whose centroids are nearest. The centroids come from FAISS's k-means. The rows are
// stored as codes (row_codes.h), list after list. The caller scans them with its own filter and one heap over
// several indexes, because FAISS's own search enters OpenMP and counts in unguarded globals.
// Shapes: n rows of d codes; row ids are 0 .. n-1.
// Cost: Build about 5 us a row; NearestLists O(lists * d); d + 8 bytes a row.
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
#include "retrieval/index/row_codes.h"

namespace pointsman::retrieval {

class InvertedFile {
 public:
  struct List {
    const int8_t* codes = nullptr;  // size * CodeStride(d)
    const float* scales = nullptr;
    const uint32_t* ids = nullptr;
    std::size_t size = 0;
  };
  using Ranking = std::vector<std::pair<float, uint32_t>>;  // similarity and list

  // Builds on one thread and from a fixed seed, so the same rows give the same lists. `codes` and `scales`
  // are those of EncodeRow.
  // Errors: kInvalidArgument for malformed input or no rows; kInternal with FAISS's message.
  static absl::StatusOr<std::unique_ptr<const InvertedFile>> Build(uint32_t dimension,
                                                                   std::span<const int8_t> codes,
                                                                   std::span<const float> scales);

  std::size_t rows() const { return ids_.size(); }
  std::size_t lists() const { return begins_.size() - 1; }
  // The `count` lists with the nearest centroids, nearest first. Fills `ranking`.
  // Cost: O(lists * d), and O(count) for each list that is among the best so far.
  void NearestLists(const CodedQuery& query, std::size_t count, Ranking& ranking) const;
  List list(uint32_t index) const;
  // Writes all rows in the order of their ids.
  void CopyRows(std::span<int8_t> codes, std::span<float> scales) const;

 private:
  explicit InvertedFile(uint32_t dimension) : dimension_(dimension) {}
  absl::Status FindCentroids(std::span<const int8_t> codes, std::span<const float> scales);
  void FillLists(std::span<const int8_t> codes, std::span<const float> scales);

  const uint32_t dimension_;
  std::vector<int8_t> centroids_;
  std::vector<float> centroid_scales_;
  std::vector<uint32_t> begins_;  // of each list, and the end
  std::vector<uint32_t> ids_;
  std::vector<int8_t> codes_;
  std::vector<float> scales_;
};

}  // namespace pointsman::retrieval

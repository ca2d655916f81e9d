// Groups vectors by similarity (k_means.h): the same rows give the same groups.
// Shapes: n rows of d floats, row after row.
// Errors: kInvalidArgument for no rows, or rows that are not finite; kInternal with FAISS's message.
// Cost: O(iterations * n * groups * d).
// Threads: pure function.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace pointsman::retrieval {

struct Grouping {
  std::vector<uint32_t> group_of;  // by row, below the number of groups
  std::vector<float> similarity;   // by row, to the centre of its group
};

// At most `groups` of them; fewer than rows.
absl::StatusOr<Grouping> GroupRows(uint32_t dimension, std::span<const float> rows,
                                   std::size_t groups);

}  // namespace pointsman::retrieval

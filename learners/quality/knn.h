// What near past outcomes say, shrunk towards the arm's level, and nothing else; as if two more
// neighbours had been just as good as the arm is on average:
//   mean = (k level + c neighbour_quality) / (k + c),  c = neighbour_count, k = 2
// with the level as in learners/quality/context_free.h (noise 0.3). The deviation is that of the level,
// 0.3 / sqrt(s0 + n): it finds arms that deserve a trial; a deviation that never shrank where an
// arm has no neighbours would explore it for ever. The neighbours come with the query
// (learners/quality/neighbour_evidence.h); this model itself keeps one level an arm.
// Cost: O(1) an arm; 48 bytes an arm.
// Threads: see quality_model.h.
// Source: Nadaraya 1964, Watson 1964; shrinkage towards the arm's mean as in Efron and Morris 1973.
#pragma once

#include <memory>

#include "learners/quality/quality_model.h"

namespace pointsman {

std::unique_ptr<QualityModel> MakeKnn(const LearnerSettings& settings, uint32_t dimension);
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeKnn(const LearnerSettings& settings,
                                                        uint32_t dimension, ByteReader& in);

}  // namespace pointsman

// What the load asks: texts made of a data folder's real queries, and the feedback its recorded
// outcomes give.
// Threads: const; any number of threads.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "evaluation/data/dataset.h"
#include "pointsman/v1/admin.pb.h"
#include "pointsman/v1/router.pb.h"

namespace pointsman {

class Workload {
 public:
  // `characters`: the length of every text in bytes (one less where a character would be cut);
  // 0: as they are. Errors: of LoadDataset.
  static absl::StatusOr<Workload> Load(const std::string& folder, std::size_t characters,
                                       uint64_t seed);

  // Any number of different texts: the data's own first, then each the beginning of one and the end
  // of another, and so on until it is long enough.
  std::string Text(std::size_t index) const;
  // The outcome of `arm` on that text: the recorded one of its first query, or for an arm that the
  // data has not, one drawn from the two names.
  void FillFeedback(std::size_t index, const std::string& arm, v1::FeedbackRequest& feedback) const;
  // The data's arms first, then made ones whose descriptions are texts.
  v1::Arm MakeArm(std::size_t index) const;

 private:
  Workload(Dataset dataset, std::size_t characters, uint64_t seed)
      : dataset_(std::move(dataset)), characters_(characters), seed_(seed) {}
  std::size_t FirstQuery(std::size_t index) const;

  Dataset dataset_;
  std::size_t characters_;
  uint64_t seed_;
};

}  // namespace pointsman

// The content of a load: texts made from a data folder's real queries, and feedback from its recorded
// outcomes.
// Threads: const; any number of threads.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "evaluation/data/dataset.h"
#include "pointsman/v1/admin.pb.h"
#include "pointsman/v1/router.pb.h"

namespace pointsman::bench {

class Workload {
 public:
  // `characters`: the length of every text in bytes (one less where a character would be cut);
  // 0: unchanged. Errors: those of LoadDataset.
  static absl::StatusOr<Workload> Load(const std::string& folder, std::size_t characters,
                                       uint64_t seed);

  // Any number of different texts. The data's own come first; each later one joins the beginning of one text
  // with the end of another, until it is long enough.
  std::string Text(std::size_t index) const;
  // The outcome of `arm` on that text: the recorded one of the text's first query. For an arm that is not in
  // the data, an outcome derived from the names.
  void FillFeedback(std::size_t index, const std::string& arm, v1::FeedbackRequest& feedback) const;
  // The data's arms first, then generated ones whose descriptions are texts.
  v1::Arm MakeArm(std::size_t index) const;

 private:
  Workload(evaluation::Dataset dataset, std::size_t characters, uint64_t seed)
      : dataset_(std::move(dataset)), characters_(characters), seed_(seed) {}
  std::size_t FirstQuery(std::size_t index) const;

  evaluation::Dataset dataset_;
  std::size_t characters_;
  uint64_t seed_;
};

}  // namespace pointsman::bench

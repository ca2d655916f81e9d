// Gathers the outcomes in a pool's log, so that another pool can learn them by import. Merges and corrections
// are folded into the outcome they belong to, in the order of the first report. Outcomes are grouped by
// weight, because one import gives all its outcomes the same weight.
// Cost: memory for one copy of every query in the log.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/request/requests.h"
#include "pointsman/v1/admin.pb.h"

namespace pointsman {

class OutcomeGatherer {
 public:
  // Outcomes of other arms are counted and left out.
  explicit OutcomeGatherer(std::set<std::string> arms) : arms_(std::move(arms)) {}

  void Add(const v1::LoggedOutcome& logged);
  // Call it at the end: removes outcomes that were withdrawn.
  void LeaveOutWithdrawn();

  // In ascending order of weight, so imported outcomes come before observed ones.
  const std::map<double, std::vector<ImportedQuery>>& by_weight() const { return queries_; }
  uint64_t without_text() const { return without_text_; }
  uint64_t of_other_arms() const { return of_other_arms_; }

  uint64_t log_begins_at = 0;  // the oldest event there was

 private:
  struct Place {
    double weight = 1;
    std::size_t query = 0;
    std::size_t outcome = 0;
  };
  Outcome* Find(const v1::LoggedOutcome& logged);

  std::set<std::string> arms_;
  std::map<double, std::vector<ImportedQuery>> queries_;
  // Each call of an arm for a decision; of several, all but the last are imported as queries of their own.
  using Call = std::tuple<std::string, std::string, uint32_t>;  // decision, arm, attempt
  std::map<Call, Place> places_;
  std::map<std::tuple<std::string, double, uint32_t>, std::size_t> query_of_;  // by weight, attempt
  uint64_t without_text_ = 0;
  uint64_t of_other_arms_ = 0;
};

}  // namespace pointsman

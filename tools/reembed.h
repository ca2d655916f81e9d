// What a pool's log says of its outcomes, gathered so that another pool can learn them by import:
// merges and corrections folded into the outcome they belong to, in the order of the first one,
// apart by weight (an import gives all its outcomes one weight).
// Cost: memory for every query in the log, once.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pointsman/v1/admin.pb.h"
#include "engine/request/requests.h"

namespace pointsman {

class OutcomeGatherer {
 public:
  // Outcomes of other arms are counted and left out.
  explicit OutcomeGatherer(std::set<std::string> arms) : arms_(std::move(arms)) {}

  void Add(const v1::LoggedOutcome& logged);
  // At the end: what was taken back is nothing to learn.
  void LeaveOutWithdrawn();

  // In ascending order: what was imported comes before what was lived through.
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
  std::map<std::pair<std::string, std::string>, Place> places_;     // by decision and arm
  std::map<std::pair<std::string, double>, std::size_t> query_of_;  // by decision and weight
  uint64_t without_text_ = 0;
  uint64_t of_other_arms_ = 0;
};

}  // namespace pointsman

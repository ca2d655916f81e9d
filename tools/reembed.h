// Gathers what a pool's log says was learned, so that another pool can learn it again by imports: steps in the log's
// order, each of which begins where an arm started fresh. Merges and corrections are folded into the outcome they
// belong to, in the order of the first report. Outcomes of a step are grouped by weight, because one import gives all
// its outcomes the same weight.
// Cost: memory for one copy of every query in the log.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "engine/request/requests.h"
#include "pointsman/v1/admin.pb.h"

namespace pointsman::tools {

struct RelearnStep {
  std::vector<v1::LoggedReset> resets;  // these come first
  // In ascending order of weight, so imported outcomes come before observed ones.
  std::map<double, std::vector<engine::ImportedQuery>> by_weight;
};

struct Relearning {
  std::vector<RelearnStep> steps;
  // Removed arms that living ones inherited from: they have to be learned first, and removed again at the end.
  std::set<std::string> removed_sources;
  uint64_t without_text = 0;
  uint64_t of_other_arms = 0;
};

class OutcomeGatherer {
 public:
  // A page of the log, in its order.
  void Add(const v1::ListOutcomesResponse& page);
  // Call it once, at the end. Leaves out what was withdrawn, and arms that are neither living nor a source of a
  // living one.
  Relearning Finish(const std::set<std::string>& living);

 private:
  struct Place {
    std::size_t step = 0;
    double weight = 1;
    std::size_t query = 0;
    std::size_t outcome = 0;
  };
  void Add(const v1::LoggedOutcome& logged);
  void Add(const v1::LoggedReset& reset);
  Outcome* Find(const v1::LoggedOutcome& logged);

  std::vector<RelearnStep> steps_ = std::vector<RelearnStep>(1);
  // Each call of an arm for a decision; of several, all but the last are imported as queries of their own.
  using Call = std::tuple<std::string, std::string, uint32_t>;  // decision, arm, attempt
  std::map<Call, Place> places_;
  // By decision, weight and attempt, within the last step.
  std::map<std::tuple<std::string, double, uint32_t>, std::size_t> query_of_;
  std::map<std::string, uint64_t> reports_of_;  // by arm
  std::map<std::string, uint64_t> without_text_of_;
};

}  // namespace pointsman::tools

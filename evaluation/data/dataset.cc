#include "evaluation/data/dataset.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/data/dataset_folder.h"
#include "evaluation/data/shuffled.h"

namespace pointsman::evaluation {
namespace {

constexpr std::size_t kArmsLeast = 2;  // a choice needs two arms

// Which arms have a quality, by query.
using Rated = std::vector<std::set<std::size_t>>;

Rated RatedArms(const OutcomeSet& set) {
  Rated rated(set.queries.size());
  for (const SparseOutcome& known : set.outcomes) {
    if (known.outcome.quality) rated[known.query].insert(known.arm);
  }
  return rated;
}

std::size_t CompleteQueries(const Rated& rated, const std::vector<std::size_t>& arms) {
  return static_cast<std::size_t>(
      std::count_if(rated.begin(), rated.end(), [&](const std::set<std::size_t>& has) {
        return std::all_of(arms.begin(), arms.end(),
                           [&](std::size_t a) { return has.count(a) > 0; });
      }));
}

// A model that answered few queries would exclude all other queries. Such a model is dropped, as long as that
// at least doubles the queries that all remaining models answered.
std::vector<std::size_t> ArmsWorthKeeping(const OutcomeSet& set, const Rated& rated) {
  std::vector<std::size_t> arms(set.arms.size());
  for (std::size_t a = 0; a < arms.size(); ++a) arms[a] = a;
  std::vector<std::size_t> answered(set.arms.size());
  for (const auto& has : rated) {
    for (const std::size_t a : has) ++answered[a];
  }
  while (set.pool == "all" && arms.size() > kArmsLeast) {
    std::vector<std::size_t> fewer = arms;
    fewer.erase(std::min_element(fewer.begin(), fewer.end(), [&](std::size_t a, std::size_t b) {
      return answered[a] < answered[b];
    }));
    const std::size_t now = CompleteQueries(rated, arms), then = CompleteQueries(rated, fewer);
    if (then == 0 || then < 2 * now) break;
    arms = std::move(fewer);
  }
  return arms;
}

std::vector<std::string> ArmsWithout(const Dataset& dataset,
                                     std::optional<double> Outcome::*field) {
  std::vector<std::string> names;
  for (std::size_t a = 0; a < dataset.arms.size(); ++a) {
    for (std::size_t q = 0; q < dataset.queries.size(); ++q) {
      if ((dataset.At(q, a).*field).has_value()) continue;
      names.push_back(dataset.arms[a].name);
      break;
    }
  }
  return names;
}

}  // namespace

absl::StatusOr<Dataset> CompletePart(const OutcomeSet& set) {
  Dataset dataset;
  dataset.name = set.name;
  dataset.pool = set.pool;
  const Rated rated = RatedArms(set);
  const std::vector<std::size_t> arms = ArmsWorthKeeping(set, rated);
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::vector<std::size_t> column(set.arms.size(), kNone);
  for (const std::size_t arm : arms) {
    column[arm] = dataset.arms.size();
    dataset.arms.push_back(set.arms[arm]);
  }
  for (std::size_t a = 0; a < set.arms.size(); ++a) {
    if (column[a] == kNone) dataset.arms_left_out.push_back(set.arms[a].name);
  }
  std::vector<std::size_t> row(set.queries.size(), kNone);
  for (std::size_t q = 0; q < set.queries.size(); ++q) {
    if (CompleteQueries({rated[q]}, arms) == 0) {
      ++dataset.queries_left_out;
      continue;
    }
    row[q] = dataset.queries.size();
    dataset.queries.push_back(set.queries[q]);
  }
  dataset.outcomes.resize(dataset.queries.size() * arms.size());
  for (const SparseOutcome& known : set.outcomes) {
    if (row[known.query] == kNone || column[known.arm] == kNone) continue;
    dataset.outcomes[row[known.query] * arms.size() + column[known.arm]] = known.outcome;
  }
  if (dataset.queries.empty()) {
    return InvalidArgument(set.name, ": no query has a recorded quality for each of the ",
                           arms.size(), " models of pool ", Quoted(set.pool),
                           "; choose a smaller pool");
  }
  return dataset;
}

absl::StatusOr<Dataset> LoadDataset(const std::string& folder, std::string_view pool) {
  ASSIGN_OR_RETURN(const OutcomeSet set, ReadDataFolder(folder, pool));
  auto dataset = CompletePart(set);
  if (dataset.ok()) return dataset;
  return InvalidArgument(folder, ": ", ToStd(dataset.status().message()));
}

absl::StatusOr<Dataset> SubPool(const Dataset& dataset, std::size_t arms, uint64_t seed) {
  const std::size_t k = dataset.arms.size();
  if (arms < 1 || arms > k) {
    return InvalidArgument("--arms ", arms, ": pool ", Quoted(dataset.pool), " of ", dataset.name,
                           " has ", k, " arms");
  }
  std::vector<std::size_t> drawn = Shuffled(k, arms, seed);
  std::sort(drawn.begin(), drawn.end());
  Dataset out;
  out.name = dataset.name;
  out.pool = Cat(dataset.pool, ", ", arms, " arms drawn by seed ", seed);
  out.queries = dataset.queries;
  out.queries_left_out = dataset.queries_left_out;
  out.arms_left_out = dataset.arms_left_out;
  for (const std::size_t arm : drawn) out.arms.push_back(dataset.arms[arm]);
  out.outcomes.reserve(dataset.queries.size() * arms);
  for (std::size_t q = 0; q < dataset.queries.size(); ++q) {
    for (const std::size_t arm : drawn) out.outcomes.push_back(dataset.At(q, arm));
  }
  return out;
}

std::vector<std::string> ArmsWithoutCost(const Dataset& dataset) {
  return ArmsWithout(dataset, &Outcome::cost_usd);
}

std::vector<std::string> ArmsWithoutLatency(const Dataset& dataset) {
  return ArmsWithout(dataset, &Outcome::latency_ms);
}

double DearestMeanCostUsd(const Dataset& dataset, double otherwise) {
  if (!ArmsWithoutCost(dataset).empty()) return otherwise;
  double dearest = 0;
  for (std::size_t a = 0; a < dataset.arms.size(); ++a) {
    double sum = 0;
    for (std::size_t q = 0; q < dataset.queries.size(); ++q) sum += *dataset.At(q, a).cost_usd;
    dearest = std::max(dearest, sum / static_cast<double>(dataset.queries.size()));
  }
  return dearest > 0 ? dearest : otherwise;
}

}  // namespace pointsman::evaluation

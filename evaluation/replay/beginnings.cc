// Scenarios of how a pool begins: many arms, few rounds, and descriptions before the first outcome.
#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/data/shuffled.h"
#include "evaluation/replay/in_process_client.h"
#include "evaluation/replay/scenario.h"
#include "evaluation/replay/seed_run.h"

namespace pointsman::evaluation {
namespace {

constexpr std::size_t kMarks[] = {250, 500, 1000, 2000, 5000, 10000};
constexpr std::size_t kFewestArms = 4;

std::size_t RoundsOf(const Dataset& dataset, const ReplayOptions& options) {
  const std::size_t queries = dataset.queries.size();
  return options.rounds == 0 ? queries : std::min(options.rounds, queries);
}

// The realised utility of each round, summed up to it: entry t is the sum of the first t rounds. `promised` gets
// each round's expected quality and its outcome's.
absl::StatusOr<std::vector<double>> Play(const Dataset& dataset, const ReplayOptions& options,
                                         uint64_t seed,
                                         const std::function<void(double, double)>& promised = {}) {
  ASSIGN_OR_RETURN(const std::unique_ptr<InProcessClient> client, InProcessClient::Open({}, seed));
  PoolSettings settings = options.settings;
  settings.cost_scale_usd = DearestMeanCostUsd(dataset, settings.cost_scale_usd);
  const Valuation valuation{Normalised(options.preference), settings.cost_scale_usd,
                            settings.latency_scale_ms};
  SeedRun run(dataset, *client, seed);
  RETURN_IF_ERROR(run.MakePool(settings));
  const std::size_t rounds = RoundsOf(dataset, options);
  const std::vector<std::size_t> order = Shuffled(dataset.queries.size(), rounds, seed);
  std::vector<double> sums = {0};
  for (std::size_t round = 0; round < rounds; ++round) {
    ASSIGN_OR_RETURN(const std::size_t arm, run.Route(round, order[round], options.preference));
    const Outcome& answer = dataset.At(order[round], arm);
    if (promised) promised(run.expected_quality(), *answer.quality);
    RETURN_IF_ERROR(run.Tell(round, order[round], answer));
    RETURN_IF_ERROR(run.EndRound(options.round_length));
    sums.push_back(sums.back() + RealisedUtility(valuation, answer));
  }
  return sums;
}

// The mean utility of the first 250, 500, ... rounds, and of all.
void AddMarks(const std::string& prefix, const std::vector<double>& sums,
              ScenarioFigures& figures) {
  const std::size_t rounds = sums.size() - 1;
  std::vector<std::size_t> marks;
  for (const std::size_t mark : kMarks) {
    if (mark < rounds) marks.push_back(mark);
  }
  marks.push_back(rounds);
  for (const std::size_t mark : marks) {
    figures.emplace_back(Cat(prefix, mark), sums[mark] / static_cast<double>(mark));
  }
}

std::vector<std::size_t> DescribedArms(const Dataset& dataset) {
  std::vector<std::size_t> arms;
  for (std::size_t a = 0; a < dataset.arms.size(); ++a) {
    if (!dataset.arms[a].description.empty()) arms.push_back(a);
  }
  return arms;
}

// Each described arm gets the description of another one.
Dataset WithWrongDescriptions(const Dataset& dataset, uint64_t seed) {
  Dataset wrong = dataset;
  const std::vector<std::size_t> arms = DescribedArms(dataset);
  const std::vector<std::size_t> order = Shuffled(arms.size(), arms.size(), seed);
  for (std::size_t i = 0; i < arms.size(); ++i) {
    const std::size_t from = arms[order[i]], to = arms[order[(i + 1) % arms.size()]];
    wrong.arms[to].description = dataset.arms[from].description;
  }
  return wrong;
}

}  // namespace

absl::StatusOr<ScenarioFigures> RunManyArms(const Dataset& dataset, const ReplayOptions& options,
                                            uint64_t seed) {
  ScenarioFigures figures;
  for (std::size_t arms = kFewestArms;; arms *= 2) {
    const std::size_t count = std::min(arms, dataset.arms.size());
    ASSIGN_OR_RETURN(const Dataset pool, SubPool(dataset, count, seed));
    ASSIGN_OR_RETURN(const std::vector<double> sums, Play(pool, options, seed));
    AddMarks(Cat("arms_", count, "_rounds_"), sums, figures);
    if (count == dataset.arms.size()) return figures;
  }
}

absl::StatusOr<ScenarioFigures> RunShort(const Dataset& dataset, const ReplayOptions& options,
                                         uint64_t seed) {
  ScenarioFigures figures;
  ASSIGN_OR_RETURN(const std::vector<double> sums, Play(dataset, options, seed));
  AddMarks("rounds_", sums, figures);
  return figures;
}

absl::StatusOr<ScenarioFigures> RunColdDescriptions(const Dataset& dataset,
                                                    const ReplayOptions& options, uint64_t seed) {
  if (DescribedArms(dataset).size() < 2) {
    return FailedPrecondition(dataset.name, " has fewer than two arms with a description");
  }
  Dataset without = dataset;
  for (Arm& arm : without.arms) arm.description.clear();
  ScenarioFigures figures;
  for (const auto& [name, pool] :
       {std::pair{"described_", dataset}, std::pair{"not_described_", without},
        std::pair{"wrongly_described_", WithWrongDescriptions(dataset, seed)}}) {
    ASSIGN_OR_RETURN(const std::vector<double> sums, Play(pool, options, seed));
    AddMarks(name, sums, figures);
  }
  return figures;
}

absl::StatusOr<ScenarioFigures> RunCalibration(const Dataset& dataset, const ReplayOptions& options,
                                               uint64_t seed) {
  struct Bin {
    double rounds = 0, promised = 0, observed = 0;
  };
  std::array<Bin, 10> bins;
  const auto note = [&](double promised, double observed) {
    Bin& bin = bins[static_cast<std::size_t>(std::clamp(promised * 10, 0.0, 9.0))];
    bin.rounds += 1;
    bin.promised += promised;
    bin.observed += observed;
  };
  RETURN_IF_ERROR(Play(dataset, options, seed, note).status());
  ScenarioFigures figures;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    figures.emplace_back(Cat("rounds_", i), bins[i].rounds);
    figures.emplace_back(Cat("promised_", i), bins[i].promised);
    figures.emplace_back(Cat("observed_", i), bins[i].observed);
  }
  return figures;
}

}  // namespace pointsman::evaluation

#include "evaluation/replay/replay.h"

#include <algorithm>
#include <utility>

#include "base/rng.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/data/shuffled.h"
#include "evaluation/replay/seed_run.h"
#include "evaluation/replay/warm_start.h"

namespace pointsman::evaluation {
namespace {

absl::Status Lacks(const char* what, const std::vector<std::string>& arms, const Dataset& dataset) {
  std::string names;
  for (std::size_t i = 0; i < arms.size() && i < 5; ++i) names += Cat(i == 0 ? "" : ", ", arms[i]);
  if (arms.size() > 5) names += Cat(" and ", arms.size() - 5, " more");
  return WithReason(
      FailedPrecondition("the preference weighs ", what, ", but ", dataset.name,
                         " does not record the ", what, " of ", arms.size(), " of the ",
                         dataset.arms.size(), " arms of pool `", dataset.pool, "` (", names,
                         "); set that weight to 0, or choose a pool whose arms all have it"),
      kDataLacks);
}

// The random stream of a seed that draws which rounds are reported.
constexpr uint64_t kToldStream = 0x746f6c642d726e64;

// Plays the rounds. A round's outcome is reported `feedback_delay_rounds` later, or never.
template <class OnRound>
absl::StatusOr<std::vector<Round>> Play(const Dataset& dataset, const ReplayOptions& options,
                                        const Valuation& valuation, std::size_t rounds,
                                        uint64_t seed, SeedRun& run, const OnRound& on_round) {
  const std::size_t imported = options.import_queries;
  auto order = Shuffled(dataset.queries.size(), imported + rounds, seed);
  order.erase(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(imported));
  Rng told_rng(seed ^ kToldStream);
  std::vector<char> is_told(rounds);
  for (char& told : is_told) told = told_rng.Uniform() < options.told_share ? 1 : 0;
  std::vector<Round> played;
  played.reserve(rounds);
  const auto tell = [&](std::size_t t) {
    if (is_told[t] == 0) return absl::OkStatus();
    return run.Tell(t, played[t].query, dataset.At(played[t].query, played[t].arm));
  };
  double utility = 0;
  const std::size_t delay = options.feedback_delay_rounds;
  for (std::size_t t = 0; t < rounds; ++t) {
    ASSIGN_OR_RETURN(const std::size_t arm, run.Route(t, order[t], options.preference));
    played.push_back({order[t], arm});
    if (t >= delay) RETURN_IF_ERROR(tell(t - delay));
    RETURN_IF_ERROR(run.EndRound(options.round_length));
    utility += RealisedUtility(valuation, dataset.At(order[t], arm));
    on_round(t + 1, utility / static_cast<double>(t + 1));
  }
  for (std::size_t t = rounds - std::min(rounds, delay); t < rounds; ++t) {
    RETURN_IF_ERROR(tell(t));
  }
  return played;
}

absl::Status CheckOptions(const Dataset& dataset, const ReplayOptions& options) {
  RETURN_IF_ERROR(ValidatePreference(options.preference));
  if (options.seeds == 0) return InvalidArgument("seeds must be at least 1");
  if (options.round_length < 0) return InvalidArgument("a round cannot last less than 0 ms");
  if (!(options.told_share > 0 && options.told_share <= 1)) {
    return InvalidArgument("the share of reported outcomes must be above 0 and at most 1");
  }
  if (options.curve_blocks_max == 0) return InvalidArgument("a curve needs at least one block");
  if (options.import_queries >= dataset.queries.size()) {
    return InvalidArgument("of the ", dataset.queries.size(), " queries of ", dataset.name, ", ",
                           options.import_queries, " would be imported, which leaves none to play");
  }
  return CheckRecorded(dataset, options.preference);
}

ReplayReport StartReport(const Dataset& dataset, const ReplayOptions& options) {
  ReplayReport report;
  report.dataset = dataset.name;
  report.pool = dataset.pool;
  for (const Arm& arm : dataset.arms) report.arms.push_back(arm.name);
  report.queries = dataset.queries.size();
  report.queries_left_out = dataset.queries_left_out;
  report.arms_left_out = dataset.arms_left_out;
  report.rounds_asked = options.rounds;
  const std::size_t playable = report.queries - options.import_queries;
  report.rounds = options.rounds == 0 ? playable : std::min(options.rounds, playable);
  report.is_cost_recorded = ArmsWithoutCost(dataset).empty();
  report.options = options;
  report.options.settings.cost_scale_usd =
      DearestMeanCostUsd(dataset, options.settings.cost_scale_usd);
  report.valuation = {Normalised(options.preference), report.options.settings.cost_scale_usd,
                      options.settings.latency_scale_ms};
  return report;
}

}  // namespace

absl::Status CheckRecorded(const Dataset& dataset, const Preference& preference) {
  if (preference.cost > 0) {
    const auto arms = ArmsWithoutCost(dataset);
    if (!arms.empty()) return Lacks("cost", arms, dataset);
  }
  if (preference.latency > 0) {
    const auto arms = ArmsWithoutLatency(dataset);
    if (!arms.empty()) return Lacks("latency", arms, dataset);
  }
  return absl::OkStatus();
}

absl::StatusOr<ReplayReport> RunReplay(const Dataset& dataset, const ReplayOptions& options,
                                       const RouterClientFactory& connect,
                                       const OnProgress& on_progress) {
  RETURN_IF_ERROR(CheckOptions(dataset, options));
  ReplayReport report = StartReport(dataset, options);
  std::vector<Figures> figures;
  std::vector<Curve> curves;
  for (std::size_t i = 0; i < options.seeds; ++i) {
    const uint64_t seed = options.seed_start + i;
    ASSIGN_OR_RETURN(const std::unique_ptr<RouterClient> client, connect(seed));
    SeedRun run(dataset, *client, seed);
    RETURN_IF_ERROR(run.MakePool(report.options.settings));
    if (options.import_queries > 0) {
      RETURN_IF_ERROR(run.Import(options.import_queries, options.import_strength));
    }
    const auto on_round = [&](std::size_t round, double mean_utility) {
      if (on_progress) on_progress({i, options.seeds, round, report.rounds, mean_utility});
    };
    ASSIGN_OR_RETURN(std::vector<Round> rounds,
                     Play(dataset, options, report.valuation, report.rounds, seed, run, on_round));
    if (!options.is_pool_kept) RETURN_IF_ERROR(run.DeletePool());
    figures.push_back(ComputeFigures(dataset, report.valuation, rounds));
    curves.push_back(ComputeCurve(dataset, report.valuation, rounds, options.curve_blocks_max));
    report.seeds.push_back({seed, figures.back(), std::move(rounds)});
  }
  report.mean = MeanFigures(figures);
  report.standard_errors = StandardErrors(figures);
  report.curve = MeanCurve(curves);
  return report;
}

}  // namespace pointsman::evaluation

#include "evaluation/replay.h"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/warm_start.h"

namespace pointsman {
namespace {

absl::Status Lacks(const char* what, const std::vector<std::string>& arms, const Dataset& dataset) {
  std::string names;
  for (std::size_t i = 0; i < arms.size() && i < 5; ++i) names += Cat(i == 0 ? "" : ", ", arms[i]);
  if (arms.size() > 5) names += Cat(" and ", arms.size() - 5, " more");
  return WithReason(
      FailedPrecondition("the preference weighs ", what, ", but ", dataset.name,
                         " does not record the ", what, " of ", arms.size(), " of the ",
                         dataset.arms.size(), " arms of pool `", dataset.pool, "` (", names,
                         "), and nothing is invented; set that weight to 0, or name a pool whose "
                         "arms all have it"),
      reason::kDataLacks);
}

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

// The same status, with where it happened before its message; payloads stay.
absl::Status At(const absl::Status& status, std::string_view where) {
  absl::Status located(status.code(), Cat(where, ": ", ToStd(status.message())));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { located.SetPayload(url, payload); });
  return located;
}

// One seed's run: its pool, its order, and the outcomes that are still to be told.
class SeedRun {
 public:
  SeedRun(const Dataset& dataset, const ReplayOptions& options, const Valuation& valuation,
          RouterClient& client, uint64_t seed)
      : dataset_(dataset),
        options_(options),
        valuation_(valuation),
        client_(client),
        seed_(seed),
        pool_(ReplayPoolName(dataset, seed)) {
    for (std::size_t a = 0; a < dataset.arms.size(); ++a) arm_index_[dataset.arms[a].name] = a;
  }

  absl::Status MakePool(const PoolSettings& settings) {
    const absl::Status deleted = client_.DeletePool(pool_);
    if (!deleted.ok() && !absl::IsNotFound(deleted)) return deleted;
    return client_.PutPool(pool_, settings, dataset_.arms);
  }

  // Teaches the first queries of the seed's order, which are then not played.
  absl::Status Import() {
    if (options_.import_queries == 0) return absl::OkStatus();
    const auto order = ShuffledQueries(dataset_.queries.size(), options_.import_queries, seed_);
    const ImportPlan plan{pool_, pool_, order.size(), options_.import_strength, {}};
    const auto every = std::vector<bool>(dataset_.arms.size(), true);
    const auto imported = client_.Import(plan, MakeImport(dataset_, order, every), nullptr);
    return imported.ok() ? absl::OkStatus() : At(imported.status(), Cat("Import of seed ", seed_));
  }

  template <class OnRound>
  absl::StatusOr<std::vector<Round>> Play(std::size_t rounds, const OnRound& on_round) {
    auto order = ShuffledQueries(dataset_.queries.size(), options_.import_queries + rounds, seed_);
    order.erase(order.begin(),
                order.begin() + static_cast<std::ptrdiff_t>(options_.import_queries));
    std::vector<Round> played;
    played.reserve(rounds);
    double utility = 0;
    for (std::size_t t = 0; t < rounds; ++t) {
      ASSIGN_OR_RETURN(const std::size_t arm, Route(t, order[t]));
      played.push_back({order[t], arm});
      if (t >= options_.feedback_delay_rounds) {
        RETURN_IF_ERROR(Tell(t - options_.feedback_delay_rounds, played));
      }
      RETURN_IF_ERROR(client_.EndRound(options_.round_length));
      utility += RealisedUtility(valuation_, dataset_.At(order[t], arm));
      on_round(t + 1, utility / static_cast<double>(t + 1));
    }
    const std::size_t told = rounds - std::min(rounds, options_.feedback_delay_rounds);
    for (std::size_t t = told; t < rounds; ++t) RETURN_IF_ERROR(Tell(t, played));
    return played;
  }

  absl::Status DeletePool() { return client_.DeletePool(pool_); }

 private:
  std::string DecisionId(std::size_t round) const { return Cat("replay-", seed_, "-", round); }
  std::string Where(const char* verb, std::size_t round) const {
    return Cat(verb, " of seed ", seed_, ", round ", round, ", query ", Quoted(current_query_));
  }

  absl::StatusOr<std::size_t> Route(std::size_t round, std::size_t query) {
    current_query_ = dataset_.queries[query].id;
    RouteInput input;
    input.pool = pool_;
    input.query = dataset_.queries[query].text;
    input.preference = options_.preference;
    input.decision_id = DecisionId(round);
    const auto output = client_.Route(input);
    if (!output.ok()) return At(output.status(), Where("Route", round));
    const auto arm = arm_index_.find(output->arm);
    if (arm == arm_index_.end()) {
      return absl::InternalError(Cat(Where("Route", round), ": the router chose ",
                                     Quoted(output->arm), ", which is not an arm of the pool"));
    }
    return arm->second;
  }

  // The outcome of a round that was played.
  absl::Status Tell(std::size_t round, const std::vector<Round>& played) {
    current_query_ = dataset_.queries[played[round].query].id;
    FeedbackInput input;
    input.pool = pool_;
    input.decision_id = DecisionId(round);
    input.outcome = dataset_.At(played[round].query, played[round].arm);
    const auto output = client_.Feedback(input);
    return output.ok() ? absl::OkStatus() : At(output.status(), Where("Feedback", round));
  }

  const Dataset& dataset_;
  const ReplayOptions& options_;
  const Valuation& valuation_;
  RouterClient& client_;
  const uint64_t seed_;
  const std::string pool_;
  std::unordered_map<std::string, std::size_t> arm_index_;
  std::string current_query_;  // for error messages
};

absl::Status CheckOptions(const Dataset& dataset, const ReplayOptions& options) {
  RETURN_IF_ERROR(ValidatePreference(options.preference));
  if (options.seeds == 0) return InvalidArgument("seeds must be at least 1");
  if (options.round_length < 0) return InvalidArgument("a round cannot last less than 0 ms");
  if (options.curve_blocks_max == 0) return InvalidArgument("a curve needs at least one block");
  if (options.import_queries >= dataset.queries.size()) {
    return InvalidArgument("of the ", dataset.queries.size(), " queries of ", dataset.name, ", ",
                           options.import_queries,
                           " are to be imported, and none is left to be played");
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

std::string ReplayPoolName(const Dataset& dataset, uint64_t seed) {
  return Cat("replay-", dataset.name, "-", dataset.pool, "-", seed);
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
    SeedRun run(dataset, options, report.valuation, *client, seed);
    RETURN_IF_ERROR(run.MakePool(report.options.settings));
    RETURN_IF_ERROR(run.Import());
    const auto on_round = [&](std::size_t round, double mean_utility) {
      if (on_progress) on_progress({i, options.seeds, round, report.rounds, mean_utility});
    };
    ASSIGN_OR_RETURN(std::vector<Round> rounds, run.Play(report.rounds, on_round));
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

}  // namespace pointsman

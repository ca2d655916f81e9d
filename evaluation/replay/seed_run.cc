#include "evaluation/replay/seed_run.h"

#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/data/shuffled.h"
#include "evaluation/replay/warm_start.h"

namespace pointsman::evaluation {
namespace {

// The same status with the position before its message; payloads are kept.
absl::Status At(const absl::Status& status, std::string_view where) {
  absl::Status located(status.code(), Cat(where, ": ", ToStd(status.message())));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { located.SetPayload(url, payload); });
  return located;
}

}  // namespace

std::string ReplayPoolName(const Dataset& dataset, uint64_t seed) {
  return Cat("replay-", dataset.name, "-", dataset.pool, "-", seed);
}

SeedRun::SeedRun(const Dataset& dataset, RouterClient& client, uint64_t seed)
    : dataset_(dataset), client_(client), seed_(seed), pool_(ReplayPoolName(dataset, seed)) {
  for (std::size_t a = 0; a < dataset.arms.size(); ++a) arm_index_[dataset.arms[a].name] = a;
}

absl::Status SeedRun::MakePool(const PoolSettings& settings, const std::vector<std::size_t>& arms) {
  const absl::Status deleted = client_.DeletePool(pool_);
  if (!deleted.ok() && !absl::IsNotFound(deleted)) return deleted;
  if (arms.empty()) return client_.PutPool(pool_, settings, dataset_.arms);
  std::vector<Arm> some;
  for (const std::size_t arm : arms) some.push_back(dataset_.arms[arm]);
  return client_.PutPool(pool_, settings, some);
}

absl::Status SeedRun::PutArm(std::size_t arm) { return client_.PutArm(pool_, dataset_.arms[arm]); }

absl::Status SeedRun::Import(std::size_t count, double strength) {
  const auto order = Shuffled(dataset_.queries.size(), count, seed_);
  const engine::ImportPlan plan{pool_, pool_, order.size(), strength, {}};
  const std::vector<bool> every(dataset_.arms.size(), true);
  const auto imported = client_.Import(plan, MakeImport(dataset_, order, every), nullptr);
  return imported.ok() ? absl::OkStatus() : At(imported.status(), Cat("Import of seed ", seed_));
}

absl::StatusOr<std::size_t> SeedRun::Route(std::size_t round, std::size_t query,
                                           const Preference& preference, Mode mode) {
  engine::RouteInput input;
  input.pool = pool_;
  input.query = dataset_.queries[query].text;
  input.preference = preference;
  input.decision_id = DecisionId(round);
  input.mode = mode;
  const auto output = client_.Route(input);
  if (!output.ok()) return At(output.status(), Where("Route", round, query));
  expected_quality_ = 0;
  for (const engine::RankedArm& ranked : output->ranking) {
    if (ranked.arm == output->arm) expected_quality_ = ranked.expected.quality;
  }
  const auto arm = arm_index_.find(output->arm);
  if (arm == arm_index_.end()) {
    return absl::InternalError(Cat(Where("Route", round, query), ": the router chose ",
                                   Quoted(output->arm), ", which is not an arm of the pool"));
  }
  return arm->second;
}

absl::Status SeedRun::Tell(std::size_t round, std::size_t query, const Outcome& outcome) {
  engine::FeedbackInput input;
  input.pool = pool_;
  input.decision_id = DecisionId(round);
  input.outcome = outcome;
  const auto output = client_.Feedback(input);
  return output.ok() ? absl::OkStatus() : At(output.status(), Where("Feedback", round, query));
}

std::string SeedRun::DecisionId(std::size_t round) const {
  return Cat("replay-", seed_, "-", round);
}

std::string SeedRun::Where(std::string_view verb, std::size_t round, std::size_t query) const {
  return Cat(verb, " of seed ", seed_, ", round ", round, ", query ",
             Quoted(dataset_.queries[query].id));
}

}  // namespace pointsman::evaluation

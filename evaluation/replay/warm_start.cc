#include "evaluation/replay/warm_start.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/strings.h"

namespace pointsman::evaluation {
namespace {

constexpr std::size_t kOutcomeBytes = 128;  // of a message, without the arm's name

std::size_t BytesOf(const engine::ImportedQuery& query) {
  std::size_t bytes = query.query.size() + query.embedding.size() * sizeof(float);
  for (const engine::ImportedOutcome& outcome : query.outcomes)
    bytes += outcome.arm.size() + kOutcomeBytes;
  return bytes;
}

}  // namespace

std::vector<engine::ImportedQuery> MakeImport(const Dataset& dataset,
                                              std::span<const std::size_t> queries,
                                              const std::vector<bool>& is_wanted) {
  std::vector<engine::ImportedQuery> import;
  import.reserve(queries.size());
  for (const std::size_t query : queries) {
    engine::ImportedQuery imported;
    imported.index = import.size();
    imported.query = dataset.queries[query].text;
    for (std::size_t a = 0; a < dataset.arms.size(); ++a) {
      if (!is_wanted[a]) continue;
      imported.outcomes.push_back({dataset.arms[a].name, dataset.At(query, a)});
    }
    import.push_back(std::move(imported));
  }
  return import;
}

SparseImport MakeSparseImport(const OutcomeSet& set, std::span<const std::size_t> queries,
                              const std::vector<std::string>& arm_names) {
  std::vector<std::vector<const SparseOutcome*>> of_query(set.queries.size());
  for (const SparseOutcome& known : set.outcomes) of_query[known.query].push_back(&known);
  SparseImport import;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const std::size_t query = queries[i];
    engine::ImportedQuery imported;
    std::set<std::string> arms;
    for (const SparseOutcome* known : of_query[query]) {
      const std::string& arm = arm_names[known->arm];
      const std::string& model = set.arms[known->arm].name;
      if (arm.empty()) {
        ++import.left_out[Cat("the pool has no arm ", OneLine(model))];
      } else if (!arms.insert(arm).second) {
        ++import.left_out[Cat(OneLine(model), " is another name of the arm ", OneLine(arm),
                              ", which already has an outcome for the same query")];
      } else {
        imported.outcomes.push_back({arm, known->outcome});
        ++import.outcomes[arm];
      }
    }
    if (imported.outcomes.empty()) continue;
    imported.index = i;
    imported.query = set.queries[query].text;
    import.queries.push_back(std::move(imported));
  }
  return import;
}

std::map<std::string, uint64_t> AnnouncedOutcomes(const std::map<std::string, uint64_t>& outcomes,
                                                  double strength) {
  uint64_t most = 0;
  for (const auto& [arm, count] : outcomes) most = std::max(most, count);
  const double least = std::min(std::ceil(strength), static_cast<double>(most));
  std::map<std::string, uint64_t> announced = outcomes;
  for (auto& [arm, count] : announced) count = std::max(count, static_cast<uint64_t>(least));
  return announced;
}

std::vector<std::span<const engine::ImportedQuery>> InChunks(
    std::span<const engine::ImportedQuery> queries, const Limits& limits) {
  const auto queries_max = static_cast<std::size_t>(limits.import_chunk_queries_max);
  const auto outcomes_max = static_cast<std::size_t>(limits.import_chunk_outcomes_max);
  std::vector<std::span<const engine::ImportedQuery>> chunks;
  const auto bytes_max = static_cast<std::size_t>(limits.message_bytes_max) / 2;
  std::size_t first = 0, outcomes = 0, bytes = 0;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const std::size_t more = queries[i].outcomes.size();
    const std::size_t more_bytes = BytesOf(queries[i]);
    if (i > first && (i - first == queries_max || outcomes + more > outcomes_max ||
                      bytes + more_bytes > bytes_max)) {
      chunks.push_back(queries.subspan(first, i - first));
      first = i;
      outcomes = bytes = 0;
    }
    outcomes += more;
    bytes += more_bytes;
  }
  if (first < queries.size()) chunks.push_back(queries.subspan(first));
  return chunks;
}

}  // namespace pointsman::evaluation

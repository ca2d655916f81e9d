#include "evaluation/warm_start.h"

#include <numeric>
#include <utility>

#include "base/rng.h"

namespace pointsman {

std::vector<std::size_t> ShuffledQueries(std::size_t queries, std::size_t count, uint64_t seed) {
  std::vector<std::size_t> order(queries);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Rng rng(seed);
  for (std::size_t i = queries; i > 1; --i) std::swap(order[i - 1], order[rng.Below(i)]);
  order.resize(count);
  return order;
}

std::vector<ImportedQuery> MakeImport(const Dataset& dataset, std::span<const std::size_t> queries,
                                      const std::vector<bool>& is_wanted) {
  std::vector<ImportedQuery> import;
  import.reserve(queries.size());
  for (const std::size_t query : queries) {
    ImportedQuery imported;
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

std::vector<std::span<const ImportedQuery>> InChunks(std::span<const ImportedQuery> queries,
                                                     const Limits& limits) {
  const auto queries_max = static_cast<std::size_t>(limits.import_chunk_queries_max);
  const auto outcomes_max = static_cast<std::size_t>(limits.import_chunk_outcomes_max);
  std::vector<std::span<const ImportedQuery>> chunks;
  std::size_t first = 0, outcomes = 0;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const std::size_t more = queries[i].outcomes.size();
    if (i > first && (i - first == queries_max || outcomes + more > outcomes_max)) {
      chunks.push_back(queries.subspan(first, i - first));
      first = i;
      outcomes = 0;
    }
    outcomes += more;
  }
  if (first < queries.size()) chunks.push_back(queries.subspan(first));
  return chunks;
}

}  // namespace pointsman

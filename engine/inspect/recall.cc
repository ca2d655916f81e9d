#include "engine/inspect/recall.h"

#include <algorithm>

#include "base/status_macros.h"

namespace pointsman::engine {
namespace {

// Sums over queries.
struct Found {
  std::size_t exact = 0, found = 0;

  template <class Hit>
  void Add(const std::vector<Hit>& exact_hits, const std::vector<Hit>& hits) {
    if (exact_hits.empty()) return;
    const float last = exact_hits.back().similarity;
    exact += exact_hits.size();
    found += static_cast<std::size_t>(std::count_if(
        hits.begin(), hits.end(), [&](const Hit& hit) { return hit.similarity >= last; }));
  }
  double recall() const {
    return exact == 0 ? 1 : static_cast<double>(found) / static_cast<double>(exact);
  }
};

}  // namespace

absl::StatusOr<RecallFigures> MeasureRecall(const PoolRuntime& pool,
                                            const std::vector<RouteInput>& queries) {
  const auto state = pool.state();
  const PoolSettings& settings = state->pool().settings;
  RecallFigures figures;
  figures.neighbours = settings.neighbours;
  figures.shortlist = settings.shortlist_size;
  Found neighbours, shortlist;
  for (const RouteInput& input : queries) {
    ASSIGN_OR_RETURN(const QueryContext context, pool.encoder().Encode(input, settings));
    if (!context.is_informative) continue;
    ++figures.queries;
    std::vector<Neighbour> exact, found;
    pool.experience().SearchExactly(context.embedding(), settings.neighbours, exact);
    pool.experience().Search(context.embedding(), settings.neighbours, found);
    neighbours.Add(exact, found);
    shortlist.Add(
        pool.descriptions().search().SearchExactly(context.embedding(), settings.shortlist_size),
        pool.descriptions().search().Search(context.embedding(), settings.shortlist_size));
  }
  figures.neighbour_recall = neighbours.recall();
  figures.shortlist_recall = shortlist.recall();
  return figures;
}

}  // namespace pointsman::engine

#include "engine/inspect/try_query.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/inspect/past_query.h"
#include "engine/request/arm_name.h"
#include "engine/request/validate.h"
#include "engine/route/decide.h"
#include "learners/choice/utility_parts.h"

namespace pointsman::engine {
namespace {

constexpr uint32_t kNeighboursShown = 10;

}  // namespace

absl::StatusOr<TriedQuery> ExplainPreview(const PoolRuntime& pool, const storage::Storage& storage,
                                          const RouteInput& input, RouteOutput output,
                                          uint32_t count) {
  if (count > kNeighboursShownMax) {
    return BadField("neighbours", Cat("must be at most ", kNeighboursShownMax, ", got ", count));
  }
  const auto state = pool.state();
  const PoolSettings& settings = state->pool().settings;
  TriedQuery tried;
  tried.preference = Normalised(input.preference.value_or(settings.default_preference));
  tried.cost_scale_usd = settings.cost_scale_usd;
  tried.latency_scale_ms = settings.latency_scale_ms;
  for (const RankedArm& arm : output.ranking) {
    const auto parts = learners::PartsOf(settings, tried.preference, arm.expected);
    tried.parts.push_back({arm.arm, parts.quality, parts.cost, parts.latency});
  }
  tried.decision = std::move(output);

  ASSIGN_OR_RETURN(const QueryContext context, pool.encoder().Encode(input, settings));
  std::vector<Neighbour> neighbours = FindNeighbours(pool, *state, context);
  const std::size_t most = count == 0 ? kNeighboursShown : count;
  if (neighbours.size() > most) neighbours.resize(most);
  ASSIGN_OR_RETURN(const Sequence first, storage.log->FirstSequence(pool.id()));
  for (const Neighbour& neighbour : neighbours) {
    SimilarQuery similar{.neighbour = neighbour, .arm = NameOf(*state, neighbour.arm)};
    ASSIGN_OR_RETURN(PastQuery past, FindPastQuery(pool, storage, first, neighbour.sequence));
    similar.decision_id = std::move(past.decision_id);
    similar.query_text = std::move(past.text);
    similar.time = past.time;
    tried.neighbours.push_back(std::move(similar));
  }
  return tried;
}

}  // namespace pointsman::engine

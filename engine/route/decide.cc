#include "engine/route/decide.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/draw.h"
#include "domain/names.h"
#include "engine/request/arm_name.h"
#include "engine/route/candidates.h"
#include "learners/choice/choose.h"
#include "learners/quality/neighbour_evidence.h"

namespace pointsman::engine {
namespace {

constexpr std::size_t kNamesNoted = 10;

// Names of features that the pool's settings do not declare, as text. Empty: all are declared.
std::string UnknownFeatures(const PoolSettings& settings, const RouteInput& input) {
  std::string unknown;
  std::size_t count = 0;
  for (const auto& [name, value] : input.features) {
    const auto is_it = [&name = name](const FeatureSpec& spec) {
      return IsSameName(spec.name, name);
    };
    if (std::any_of(settings.features.begin(), settings.features.end(), is_it)) continue;
    if (++count <= kNamesNoted) unknown += Cat(count == 1 ? "" : ", ", Quoted(name, 40));
  }
  if (count > kNamesNoted) unknown += Cat(" and ", count - kNamesNoted, " more");
  return unknown;
}

std::vector<std::string> NotesOn(const PoolRuntime& pool, const learners::LearnedState& state,
                                 const RouteInput& input, const std::vector<std::string>& on_arms) {
  std::vector<std::string> notes = on_arms;
  const std::string unknown = UnknownFeatures(state.pool().settings, input);
  if (!unknown.empty()) {
    notes.push_back(
        Cat("features: pool ", Quoted(pool.name()), " has no feature ", unknown, "; ignored"));
  }
  if (pool.encoder().IsTooLong(input.query)) {
    notes.push_back(Cat("query: it has ", input.query.size(),
                        " bytes; only its beginning and end, ", pool.encoder().QueryBytesMax(),
                        " bytes together (query_bytes_max), are embedded; all tokens are counted"));
  }
  return notes;
}

// Whether an arm has no room for the number of input tokens that it has learned to expect.
bool HasOutgrown(const ArmCheck& check, std::span<const learners::ArmView> views,
                 std::span<const ArmExpectation> expected) {
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (check.IsOutgrown(*views[i].arm, expected[i])) return true;
  }
  return false;
}

std::string Reason(const Candidate& c) {
  const ArmExpectation& e = c.expected;
  std::string cost = e.KnownCost() ? absl::StrFormat("cost $%.6f", e.cost_usd) : "cost unknown";
  if (e.is_cost_of_failures) cost += " (estimated from failed calls only)";
  std::string latency =
      e.KnownLatency() ? absl::StrFormat("latency %.0f ms", e.latency_ms) : "latency unknown";
  if (e.is_latency_of_failures) latency += " (estimated from failed calls only)";
  return absl::StrFormat(
      "quality %.3f +- %.3f, %s, %s; %.1f near outcomes (mean %.3f); description similarity %.2f, "
      "lead %+.2f",
      e.quality, e.quality_stddev, cost, latency, c.features.neighbour_count,
      c.features.neighbour_quality, c.features.description_similarity, c.features.description_lead);
}

learners::QueryView QueryOf(const RouteInput& input, const PoolSettings& settings,
                            const QueryContext& context, Micros now) {
  learners::QueryView query;
  query.context = context.z;
  query.input_tokens = context.input_tokens;
  query.latency_kind = input.latency_kind.value_or(settings.latency_kind);
  query.max_output_tokens = static_cast<double>(input.max_output_tokens);
  query.input_is_counted = input.input_tokens > 0;
  query.now = now;
  return query;
}

// Without its draws.
learners::ChoiceRequest ChoiceOf(const RouteInput& input, const PoolSettings& settings) {
  learners::ChoiceRequest request;
  request.preference = Normalised(input.preference.value_or(settings.default_preference));
  request.mode = input.mode == Mode::kPreview ? Mode::kExplore : input.mode;
  request.purpose = input.purpose;
  request.arm_count = std::max(1u, input.arm_count);
  return request;
}

}  // namespace

std::vector<Neighbour> FindNeighbours(const PoolRuntime& pool, const learners::LearnedState& state,
                                      const QueryContext& context) {
  std::vector<Neighbour> neighbours;
  const uint32_t k = state.pool().settings.neighbours;
  if (k > 0 && context.is_informative) pool.experience().Search(context.embedding(), k, neighbours);
  std::erase_if(neighbours, [&](const Neighbour& neighbour) {
    return neighbour.sequence < state.FreshSince(neighbour.arm);
  });
  return neighbours;
}

std::vector<learners::ArmView> ViewArms(const PoolRuntime& pool,
                                        const learners::LearnedState& state,
                                        const QueryContext& context, std::span<const ArmId> arms,
                                        std::span<const Neighbour> neighbours) {
  const std::vector<ArmFeatures> features = learners::NeighbourEvidence(neighbours, arms);
  std::vector<learners::ArmView> views;
  views.reserve(arms.size());
  float leads = 0;
  const auto matches = pool.descriptions().MatchesOf(context.embedding());
  for (std::size_t i = 0; i < arms.size(); ++i) {
    learners::ArmView view{state.arm(arms[i]), features[i]};
    if (context.is_informative) {
      const auto match = matches.Of(arms[i]);
      view.features.description_similarity = match.similarity;
      view.features.description_lead = match.lead;
      leads += match.lead;
    }
    views.push_back(view);
  }
  // A query may be nearer than usual to all descriptions: only differences between the arms count.
  const float mean = leads / static_cast<float>(views.size());
  for (learners::ArmView& view : views) {
    if (view.features.description_lead != 0) view.features.description_lead -= mean;
  }
  return views;
}

std::vector<std::string> NotesOn(const PoolRuntime& pool, const learners::LearnedState& state,
                                 const RouteInput& input) {
  const auto named = ResolveArms(pool, state, input.constraints);
  return NotesOn(pool, state, input, named.ok() ? named->notes : std::vector<std::string>());
}

absl::StatusOr<Decided> Decide(const PoolRuntime& pool, const learners::LearnedState& state,
                               const RouteInput& input, const DecideInputs& inputs) {
  const PoolSettings& settings = state.pool().settings;
  const auto draw_bits = [&](DrawPurpose purpose) {
    return DrawBits(inputs.secret, pool.id(), inputs.decision_id, purpose);
  };

  QueryContext context;
  ASSIGN_OR_RETURN(context, pool.encoder().Encode(input, settings));
  const learners::QueryView query = QueryOf(input, settings, context, inputs.now);
  NamedArms named;
  ASSIGN_OR_RETURN(named, ResolveArms(pool, state, input.constraints));
  ArmCheck check(state, input, context, query, std::move(named));
  const std::vector<Neighbour> neighbours = FindNeighbours(pool, state, context);

  Gathered gathered;
  std::vector<learners::ArmView> views;
  std::vector<ArmExpectation> expected;
  const auto gather = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(gathered, GatherCandidates(pool, state, context, check, neighbours,
                                                draw_bits(DrawPurpose::kShortlist)));
    views = ViewArms(pool, state, context, gathered.arms, neighbours);
    expected = state.Estimate(query, views);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(gather());
  if (HasOutgrown(check, views, expected)) {
    check.LookAtLearnedTokens();
    RETURN_IF_ERROR(gather());
  }

  learners::ChoiceRequest request = ChoiceOf(input, settings);
  request.draw = DrawUniform(inputs.secret, pool.id(), inputs.decision_id, DrawPurpose::kChooseArm);
  request.group_draw =
      DrawUniform(inputs.secret, pool.id(), inputs.decision_id, DrawPurpose::kGroup);
  request.panel_seed = draw_bits(DrawPurpose::kPanel);
  learners::Choice choice = learners::Choose(state, query, request, views, expected);
  for (std::size_t i = 0; i < choice.candidates.size(); ++i) {
    choice.candidates[i].inclusion = gathered.inclusion[i];
  }

  Decided decided;
  Decision& decision = decided.decision;
  decision.id = inputs.decision_id;
  decision.pool = pool.id();
  decision.time = inputs.now;
  decision.snapshot_version = state.version();
  decision.request_hash = RequestHash(input);
  decision.mode = request.mode;
  decision.preference = request.preference;
  decision.context_source = context.source;
  decision.context = std::move(context.z);
  decision.input_tokens = context.input_tokens;
  decision.input_is_counted = query.input_is_counted;
  decision.max_output_tokens = query.max_output_tokens;
  decision.latency_kind = query.latency_kind;
  decision.candidates = std::move(choice.candidates);
  decision.chosen = std::move(choice.chosen);
  decision.group = choice.group;
  decision.holdout_share = choice.holdout_share;
  decision.holdout_arm = choice.holdout_arm;
  if (settings.store_query_text) decision.query_text = pool.encoder().EmbeddedPart(input.query);
  decided.notes = NotesOn(pool, state, input, check.notes());
  if (input.explain) {
    check.LookAtLearnedTokens();
    decided.not_candidates = NotCandidates(state, check, gathered.arms);
  }
  return decided;
}

uint64_t RequestHash(const RouteInput& input) {
  ByteWriter bytes;
  bytes.PutString(input.query);
  bytes.PutArray(std::span<const float>(input.embedding));
  std::vector<std::pair<std::string, double>> features = input.features;
  std::sort(features.begin(), features.end());
  for (const auto& [name, value] : features) {
    bytes.PutString(name);
    bytes.Put(value);
  }
  bytes.Put(input.preference.has_value());
  if (input.preference) bytes.Put(*input.preference);
  const Constraints& c = input.constraints;
  bytes.Put(c.max_cost_usd.value_or(-1));
  bytes.Put(c.max_latency_ms.value_or(-1));
  for (const auto* names : {&c.require_tags, &c.allow_arms, &c.deny_arms}) {
    bytes.Put(static_cast<uint64_t>(names->size()));
    for (const std::string& name : *names) bytes.PutString(name);
  }
  bytes.Put(c.context_tokens);
  bytes.Put(c.allow_unknown);
  bytes.Put(input.input_tokens);
  bytes.Put(input.max_output_tokens);
  bytes.Put(input.latency_kind.has_value());
  if (input.latency_kind) bytes.Put(*input.latency_kind);
  bytes.Put(std::max(1u, input.arm_count));
  bytes.Put(input.purpose);
  bytes.Put(input.mode);
  return Checksum(bytes.bytes());
}

RouteOutput Answer(const learners::LearnedState& state, const Decision& decision, bool explain,
                   bool logged) {
  const auto name = [&](ArmId id) { return NameOf(state, id); };
  RouteOutput out;
  out.decision_id = decision.id;
  out.snapshot_version = decision.snapshot_version;
  out.logged = logged;
  out.embedder_fallback = decision.context_source == ContextSource::kNone;
  out.group = decision.group;
  for (const ChosenArm& chosen : decision.chosen) {
    if (out.arm.empty()) {
      out.arm = name(chosen.arm);
      out.propensity = chosen.propensity;
      out.inclusion = InclusionOf(decision, chosen.arm);
    } else {
      out.further.push_back(
          {name(chosen.arm), chosen.propensity, InclusionOf(decision, chosen.arm)});
    }
  }
  std::vector<const Candidate*> ranked;
  for (const Candidate& candidate : decision.candidates) {
    const bool is_chosen =
        std::any_of(decision.chosen.begin(), decision.chosen.end(),
                    [&](const ChosenArm& chosen) { return chosen.arm == candidate.arm; });
    if (explain || is_chosen) ranked.push_back(&candidate);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const Candidate* a, const Candidate* b) { return a->utility > b->utility; });
  for (const Candidate* c : ranked) {
    RankedArm arm{name(c->arm), c->probability, c->inclusion, c->utility, c->expected, ""};
    if (explain) arm.reason = Reason(*c);
    out.ranking.push_back(std::move(arm));
  }
  return out;
}

}  // namespace pointsman::engine

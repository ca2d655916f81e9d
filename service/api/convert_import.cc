// Imports: the part of service/api/convert.h that the command line needs in both directions.
#include "domain/names.h"
#include "domain/outcome_fields.h"
#include "service/api/convert.h"
namespace pointsman::service {

engine::ImportPlan FromProto(const v1::ImportStart& message) {
  engine::ImportPlan plan{std::string(PoolOrDefault(message.pool())),
                          message.import_id(),
                          message.queries(),
                          message.strength(),
                          {}};
  plan.arm_outcomes.insert(message.arm_outcomes().begin(), message.arm_outcomes().end());
  return plan;
}

v1::ImportStart ToProto(const engine::ImportPlan& plan) {
  v1::ImportStart out;
  out.set_pool(plan.pool);
  out.set_import_id(plan.import_id);
  out.set_queries(plan.queries);
  out.set_strength(plan.strength);
  for (const auto& [arm, count] : plan.arm_outcomes) (*out.mutable_arm_outcomes())[arm] = count;
  return out;
}

engine::ImportedQuery FromProto(const v1::ImportedQuery& message, uint64_t& next) {
  engine::ImportedQuery query;
  query.index = message.has_index() ? message.index() : next;
  next = query.index + 1;
  query.query = message.query();
  query.embedding.assign(message.embedding().begin(), message.embedding().end());
  query.features.assign(message.features().begin(), message.features().end());
  for (const auto& outcome : message.outcomes()) {
    query.outcomes.push_back({outcome.arm(), OutcomeOf(outcome)});
  }
  return query;
}

v1::ImportedQuery ToProto(const engine::ImportedQuery& query) {
  v1::ImportedQuery out;
  out.set_index(query.index);
  out.set_query(query.query);
  out.mutable_embedding()->Add(query.embedding.begin(), query.embedding.end());
  for (const auto& [name, value] : query.features) (*out.mutable_features())[name] = value;
  for (const engine::ImportedOutcome& known : query.outcomes) {
    auto* outcome = out.add_outcomes();
    outcome->set_arm(known.arm);
    FillOutcome(known.outcome, *outcome);
  }
  return out;
}

v1::ImportOutcomesResponse ToProto(const engine::ImportOutput& output,
                                   const engine::ImportPlan& plan) {
  v1::ImportOutcomesResponse out;
  const uint64_t came = output.queries_learned + output.queries_known;
  out.set_queries_learned(output.queries_learned);
  out.set_queries_known(output.queries_known);
  out.set_queries_missing(plan.queries > came ? plan.queries - came : 0);
  out.set_outcomes_learned(output.outcomes_learned);
  out.set_outcomes_known(output.outcomes_known);
  out.set_sequence(output.sequence);
  for (const auto& [name, counts] : output.arms) {
    auto* arm = out.add_arms();
    arm->set_arm(name);
    arm->set_learned(counts.learned);
    arm->set_known(counts.known);
    arm->set_weight(counts.weight);
  }
  return out;
}

v1::UndoImportResponse ToProto(const engine::UndoOutput& output) {
  v1::UndoImportResponse out;
  out.set_outcomes(output.outcomes);
  out.set_queries(output.queries);
  out.set_sequence(output.sequence);
  return out;
}

engine::ImportOutput FromProto(const v1::ImportOutcomesResponse& message) {
  engine::ImportOutput output;
  output.queries_learned = message.queries_learned();
  output.queries_known = message.queries_known();
  output.outcomes_learned = message.outcomes_learned();
  output.outcomes_known = message.outcomes_known();
  output.sequence = message.sequence();
  for (const auto& arm : message.arms()) {
    output.arms[arm.arm()] = {arm.learned(), arm.known(), arm.weight()};
  }
  return output;
}

}  // namespace pointsman::service

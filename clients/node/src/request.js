"use strict";
// The names of the package to the names of the contract.

function preferenceOf(value) {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return value;
  const [quality = 0, cost = 0, latency = 0] = value;
  return { quality, cost, latency };
}

const CONSTRAINTS = {
  maxCostUsd: "max_cost_usd", maxLatencyMs: "max_latency_ms", requireTags: "require_tags",
  allowArms: "allow_arms", denyArms: "deny_arms", contextTokens: "context_tokens", allowUnknown: "allow_unknown",
};
const OPTIONS = {
  pool: "pool", embedding: "embedding", features: "features", armCount: "arm_count", purpose: "purpose",
  mode: "mode", explain: "explain", inputTokens: "input_tokens", maxOutputTokens: "max_output_tokens",
  latencyKind: "latency_kind",
};

function renamed(values, names) {
  const fields = {};
  for (const [name, field] of Object.entries(names)) {
    if (values[name] !== undefined && values[name] !== null) fields[field] = values[name];
  }
  return fields;
}

function routeRequest(query, decisionId, options) {
  const hasVector = options.embedding !== undefined && (query === undefined || query === null);
  if (!hasVector && typeof query !== "string") {
    throw new TypeError("the query must be a string, or null with the option `embedding`");
  }
  const request = { ...renamed(options, OPTIONS), decision_id: decisionId };
  // The outbox keeps this request as JSON, where a Float32Array would become an object.
  if (request.embedding) request.embedding = Array.from(request.embedding);
  if (!hasVector) request.query = query;
  const preference = preferenceOf(options.preference);
  if (preference) request.preference = preference;
  if (options.constraints) request.constraints = renamed(options.constraints, CONSTRAINTS);
  return request;
}

module.exports = { routeRequest };

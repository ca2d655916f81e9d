#!/usr/bin/env bash
# Writes tests/fuzz/corpus/request: each a kind's byte (tests/fuzz/request_fuzzer.cc) and a message, from the text
# below. The other corpora are written by hand.
# usage: tests/fuzz/make_corpus.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

# seed NAME KIND MESSAGE FILE: the message's text on standard input.
seed() {
  local out=tests/fuzz/corpus/request/$1
  printf "\\x0$2" >"$out"
  protoc -Iproto --encode="pointsman.v1.$3" "pointsman/v1/$4.proto" >>"$out"
}

rm -rf tests/fuzz/corpus/request
mkdir -p tests/fuzz/corpus/request

seed route_everything 0 RouteRequest router <<'T'
pool: "default" query: "prove it" features {key: "length" value: 3.5}
preference {quality: 0.7 cost: 0.2 latency: 0.1}
constraints {max_cost_usd: 0.01 max_latency_ms: 900 require_tags: "exact" allow_arms: "alpha"
             deny_arms: "beta" context_tokens: 1000 allow_unknown: true}
input_tokens: 800 max_output_tokens: 200 latency_kind: FIRST_TOKEN
arm_count: 2 purpose: PANEL decision_id: "mine-1" mode: GREEDY explain: true
T
seed route_of_a_vector 0 RouteRequest router <<<'embedding: [0.5, -0.5, 1e-45, 3e38]'
seed route_preference_is_no_number 0 RouteRequest router <<<'query: "q" preference {quality: nan cost: inf}'
seed route_preference_is_denormal 0 RouteRequest router <<<'query: "q" preference {quality: 5e-324 cost: 5e-324}'
seed route_preview_of_scripts 0 RouteRequest router <<<'query: "caf\303\251 \346\274\242\345\255\227 aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8= \360\237\230\200" mode: PREVIEW'
seed route_id_of_an_import 0 RouteRequest router <<<'query: "q" decision_id: "import:a" mode: 7'
seed route_name_with_controls 0 RouteRequest router <<<'pool: "a\nb\033[31m" query: "e\314\201\342\200\256"'
seed route_batch 1 RouteBatchRequest router <<<'pool: "p" requests {query: "one"} requests {query: "two" arm_count: 16}'
seed feedback_everything 2 FeedbackRequest router <<'T'
pool: "default" decision_id: "mine-1" feedback_id: "f" served_arm: "beta" quality: 0.5 latency_ms: 900
cost_usd: 0.002 input_tokens: 100 output_tokens: 900 error: false at_unix_ms: 1700000000000
T
seed feedback_attempts 2 FeedbackRequest router <<'T'
decision_id: "d" first_token_ms: 90 input_tokens: 100 cached_input_tokens: 60
attempts {arm: "alpha" error_kind: RATE_LIMITED latency_ms: 20 retry_after_ms: 12000}
attempts {arm: "beta" latency_ms: 900 cost_usd: 0.01 input_tokens: 100 output_tokens: 50}
T
seed feedback_withdraws 2 FeedbackRequest router <<<'decision_id: "d" withdraw: true'
seed feedback_not_served 2 FeedbackRequest router <<<'decision_id: "d" not_served: true quality: 1'
seed feedback_rounding 2 FeedbackRequest router <<<'decision_id: "d" quality: 1.0000000000000002 cost_usd: -1e-17'
seed feedback_out_of_range 2 FeedbackRequest router <<<'decision_id: "d" latency_ms: -1 cost_usd: 1e308 input_tokens: -9223372036854775808'
seed feedback_time_is_extreme 2 FeedbackRequest router <<<'decision_id: "d" quality: 1 at_unix_ms: 9223372036854775807'
seed feedback_batch 3 FeedbackBatchRequest router <<<'requests {decision_id: "a" quality: 1} requests {decision_id: "b" error: true}'
seed pool_everything 4 PutPoolRequest admin <<'T'
name: "support"
settings {
  embedder {name: "hashing" dimension: 512 projected: 8 projection_seed: 7}
  features {name: "length" center: 5 scale: 2 weight: 0.5}
  learner {quality_model: "hybrid" exploration: "softmax" exploration_floor: 0.01 exploration_scale: 1
           epsilon: 0.1 temperature: 0.05 squarecb_gamma: 50 half_life_s: 3600 half_life_outcomes: 100
           forget_outcomes: 1000}
  cost_scale_usd: 0.02 latency_scale_ms: 500 shortlist_size: 32 neighbours: 16 experience_max: 1000
  feedback_window_s: 600 store_query_text: true default_preference {quality: 1}
  missing_feedback: DEFAULT_QUALITY missing_quality: 0.5
  latency_kind: FIRST_TOKEN strict_names: true
}
arms {name: "alpha"}
create_only: true
T
seed pool_of_callers_vectors 4 PutPoolRequest admin <<<'name: "v" settings {embedder {name: "caller" dimension: 3 sketch_weight: nan projected: 2 projection_rows: [1, 0, 0, 0, 0, 1, 0, inf]}}'
seed pool_remote 4 PutPoolRequest admin <<<'name: "r" settings {embedder {name: "remote" endpoint: "tei" model: "m"}}'
seed pool_name_like_a_path 4 PutPoolRequest admin <<<'name: "../../etc/passwd" settings {embedder {lexicon_file: "/etc/passwd\n"}}'
seed arm_everything 5 PutArmRequest admin <<'T'
pool: "default"
arm {name: "alpha" description: "mathematics" tags: "exact" usd_per_1m_input: 1 usd_per_1m_output: 2
     context_tokens_max: 128000 prior_quality: 0.7 prior_strength: 20 prior_latency_ms: 900
     prior_output_tokens: 700 status: PAUSED usd_per_request: 0.001 usd_per_1m_cached_input: 0.5
     price_tiers {above_input_tokens: 200000 usd_per_1m_input: 2} output_tokens_max: 4096
     version: "2026-01" aliases: "a" aliases: "al\342\200\213pha"}
clear: "tags" reset: true inherit_from: "beta" inherit_strength: 5
T
seed arm_name_forges_a_metric 5 PutArmRequest admin <<<'arm {name: "x\"} 1\npointsman_fake 1"}'
seed arm_removed_by_putting 5 PutArmRequest admin <<<'arm {name: "a" status: REMOVED}'
seed import_start 6 ImportOutcomesRequest admin <<<'start {pool: "p" import_id: "bench" queries: 100 strength: 20 arm_outcomes {key: "alpha" value: 7}}'
seed import_chunk 6 ImportOutcomesRequest admin <<'T'
chunk {
  queries {query: "one" features {key: "length" value: 1} outcomes {arm: "alpha" quality: 1 cost_usd: 0.1}}
  queries {index: 5 embedding: [1, 0] outcomes {arm: "alpha" error: true} outcomes {arm: "beta" latency_ms: 5}}
}
T
seed import_vector_is_no_number 6 ImportOutcomesRequest admin <<<'chunk {queries {embedding: [1, nan] outcomes {arm: "alpha" error: true}}}'
seed import_last_index 6 ImportOutcomesRequest admin <<<'chunk {queries {index: 18446744073709551615 query: "q"} queries {query: "r"}}'

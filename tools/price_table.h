// Arms from files that other tools publish or use, so that nobody types prices:
// - LiteLLM's table of prices and context windows (JSON): an object with an entry per model. Read are
//   input_cost_per_token, output_cost_per_token, cache_read_input_token_cost, the prices above a number of input
//   tokens (..._above_128k_tokens), max_input_tokens, max_output_tokens, max_tokens, mode, litellm_provider and
//   supports_*.
// - the config of a LiteLLM proxy (YAML): an arm per `model_name` of `model_list`. Prices and limits stand in
//   `model_info` or `litellm_params`; the table fills in those that do not.
// Prices per token become USD per million tokens. What a model supports becomes tags.
// Errors: kInvalidArgument with file and line or entry for what cannot be read, for a price below 0, and if no model
//   is left.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pointsman/v1/admin.pb.h"

namespace pointsman::tools {

struct ListedArms {
  std::vector<v1::Arm> arms;
  std::vector<std::string> notes;  // what was left out, and why
};

// The chat and completion models of a price table whose names match one of `patterns`, where * stands for any
// text; empty: all.
absl::StatusOr<ListedArms> ArmsOfPriceTable(const std::string& json, std::string_view file,
                                            const std::vector<std::string>& patterns);
// The models of a proxy's config that match. `prices`: the text of a price table; empty: none.
absl::StatusOr<ListedArms> ArmsOfProxyConfig(const std::string& yaml, std::string_view file,
                                             const std::vector<std::string>& patterns,
                                             const std::string& prices,
                                             std::string_view prices_file);

// Sets prior_quality of the arms that a table of two columns names: `arm,quality` in CSV with a header, quality from
// 0 to 1. Returns notes on names that no arm has. Errors: kInvalidArgument with file and line.
absl::StatusOr<std::vector<std::string>> SetPriorQualities(const std::string& csv,
                                                           std::string_view file, double strength,
                                                           std::vector<v1::Arm>& arms);

// Whether `name` matches `pattern`, where * stands for any text.
bool MatchesPattern(std::string_view pattern, std::string_view name);

}  // namespace pointsman::tools

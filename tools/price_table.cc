#include "tools/price_table.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::tools {
namespace {

using Json = nlohmann::json;

constexpr double kTokens = 1e6;  // prices are per million tokens
constexpr std::size_t kNotesMax = 10;

// What the table calls a capability, and the tag that it becomes.
constexpr std::pair<const char*, const char*> kCapabilities[] = {
    {"supports_vision", "vision"},       {"supports_function_calling", "tools"},
    {"supports_reasoning", "reasoning"}, {"supports_response_schema", "json"},
    {"supports_audio_input", "audio"},   {"supports_pdf_input", "pdf"},
    {"supports_web_search", "search"}};

std::optional<double> NumberIn(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// One model's entry as text by key, from JSON or YAML.
using Entry = std::map<std::string, std::string>;

Entry EntryOf(const Json& json) {
  Entry entry;
  for (const auto& [key, value] : json.items()) {
    if (value.is_string()) entry[key] = value.get<std::string>();
    if (value.is_number() || value.is_boolean()) entry[key] = value.dump();
  }
  return entry;
}

void AddTo(Entry& entry, const YAML::Node& node) {
  if (!node.IsDefined() || !node.IsMap()) return;
  for (const auto& item : node) {
    if (item.first.IsScalar() && item.second.IsScalar()) {
      entry[item.first.Scalar()] = item.second.Scalar();
    }
  }
}

// Reads the numbers of one entry; `where` begins its errors.
class EntryReader {
 public:
  EntryReader(const Entry& entry, std::string where) : entry_(entry), where_(std::move(where)) {}

  absl::StatusOr<std::optional<double>> Number(const std::string& key) const {
    const auto found = entry_.find(key);
    if (found == entry_.end() || found->second.empty()) return std::optional<double>();
    const std::optional<double> value = NumberIn(found->second);
    if (!value || !std::isfinite(*value) || *value < 0) {
      return InvalidArgument(where_, ": ", key, " is ", Quoted(found->second, 40),
                             "; expected a number, at least 0");
    }
    return value;
  }
  // USD per million tokens.
  absl::StatusOr<std::optional<double>> Price(const std::string& key) const {
    ASSIGN_OR_RETURN(std::optional<double> value, Number(key));
    // Rounded to 1e-9 USD: 1.5e-07 per token is 0.15, not 0.15000000000000002.
    if (value) value = std::round(*value * kTokens * 1e9) / 1e9;
    return value;
  }
  std::string Text(const std::string& key) const {
    const auto found = entry_.find(key);
    return found == entry_.end() ? "" : found->second;
  }

 private:
  const Entry& entry_;
  const std::string where_;
};

// The bounds of input tokens above which the entry has other prices: 128000 for ..._above_128k_tokens.
std::set<int64_t> TierBounds(const Entry& entry) {
  constexpr std::string_view kAbove = "_above_", kEnd = "k_tokens";
  std::set<int64_t> bounds;
  for (const auto& [key, value] : entry) {
    const std::size_t at = key.find(kAbove);
    if (at == std::string::npos || !key.ends_with(kEnd)) continue;
    const std::string digits =
        key.substr(at + kAbove.size(), key.size() - at - kAbove.size() - kEnd.size());
    if (const auto thousands = NumberIn(digits); thousands && *thousands > 0) {
      bounds.insert(static_cast<int64_t>(*thousands * 1000));
    }
  }
  return bounds;
}

absl::Status FillTiers(const Entry& entry, const EntryReader& read, v1::Arm& arm) {
  for (const int64_t bound : TierBounds(entry)) {
    const std::string above = Cat("_above_", bound / 1000, "k_tokens");
    v1::PriceTier tier;
    tier.set_above_input_tokens(bound);
    ASSIGN_OR_RETURN(const auto input, read.Price("input_cost_per_token" + above));
    ASSIGN_OR_RETURN(const auto output, read.Price("output_cost_per_token" + above));
    ASSIGN_OR_RETURN(const auto cached, read.Price("cache_read_input_token_cost" + above));
    if (input) tier.set_usd_per_1m_input(*input);
    if (output) tier.set_usd_per_1m_output(*output);
    if (cached) tier.set_usd_per_1m_cached_input(*cached);
    if (input || output || cached) *arm.add_price_tiers() = tier;
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Arm> ArmOf(const std::string& name, const Entry& entry, std::string_view file) {
  const EntryReader read(entry, Cat(file, ": ", Quoted(name)));
  v1::Arm arm;
  arm.set_name(name);
  if (const std::string text = read.Text("description"); !text.empty()) arm.set_description(text);
  ASSIGN_OR_RETURN(const auto input, read.Price("input_cost_per_token"));
  ASSIGN_OR_RETURN(const auto output, read.Price("output_cost_per_token"));
  ASSIGN_OR_RETURN(const auto cached, read.Price("cache_read_input_token_cost"));
  ASSIGN_OR_RETURN(const auto request, read.Number("input_cost_per_request"));
  // One of two token prices is no price, and no price is not a price of 0.
  if (input && output) {
    arm.set_usd_per_1m_input(*input);
    arm.set_usd_per_1m_output(*output);
    if (cached) arm.set_usd_per_1m_cached_input(*cached);
    RETURN_IF_ERROR(FillTiers(entry, read, arm));
  }
  if (request) arm.set_usd_per_request(*request);
  ASSIGN_OR_RETURN(auto context, read.Number("max_input_tokens"));
  ASSIGN_OR_RETURN(const auto answer, read.Number("max_output_tokens"));
  if (!context) {
    ASSIGN_OR_RETURN(context, read.Number("max_tokens"));
  }
  if (context && *context >= 1) arm.set_context_tokens_max(static_cast<int64_t>(*context));
  if (answer && *answer >= 1) arm.set_output_tokens_max(static_cast<int64_t>(*answer));
  for (const auto& [key, tag] : kCapabilities) {
    if (read.Text(key) == "true") arm.add_tags(tag);
  }
  return arm;
}

bool IsForText(const Entry& entry) {
  const auto mode = entry.find("mode");
  return mode == entry.end() || mode->second == "chat" || mode->second == "completion" ||
         mode->second == "responses";
}

bool IsWanted(const std::string& name, const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    if (MatchesPattern(pattern, name)) return true;
  }
  return patterns.empty();
}

absl::StatusOr<std::map<std::string, Entry>> TableOf(const std::string& json,
                                                     std::string_view file) {
  const Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) {
    return InvalidArgument(file, ": expected a JSON object with an entry per model, as LiteLLM's ",
                           "model_prices_and_context_window.json has");
  }
  std::map<std::string, Entry> table;
  for (const auto& [name, value] : root.items()) {
    if (value.is_object() && name != "sample_spec" && name != "fallback_generalizations") {
      table[name] = EntryOf(value);
    }
  }
  return table;
}

void Note(std::string note, std::size_t& count, std::vector<std::string>& notes) {
  if (++count <= kNotesMax) notes.push_back(std::move(note));
}

// The table's entry for a model that a proxy calls, with or without its provider's name.
const Entry* Find(const std::map<std::string, Entry>& table, const std::string& model) {
  if (const auto found = table.find(model); found != table.end()) return &found->second;
  const std::size_t slash = model.find('/');
  if (slash == std::string::npos) return nullptr;
  const auto found = table.find(model.substr(slash + 1));
  return found == table.end() ? nullptr : &found->second;
}

absl::StatusOr<ListedArms> NonEmpty(ListedArms listed, std::string_view file) {
  if (!listed.arms.empty()) return listed;
  return InvalidArgument(file, ": no chat or completion model in it matches; check --models");
}

}  // namespace

bool MatchesPattern(std::string_view pattern, std::string_view name) {
  // `star`: the place after the last *; `from`: where in the name what it stands for may still grow.
  std::size_t p = 0, n = 0, star = std::string_view::npos, from = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      from = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p, ++n;
    } else if (star != std::string_view::npos) {
      p = star;
      n = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

absl::StatusOr<ListedArms> ArmsOfPriceTable(const std::string& json, std::string_view file,
                                            const std::vector<std::string>& patterns) {
  ASSIGN_OR_RETURN(const auto table, TableOf(json, file));
  ListedArms listed;
  for (const auto& [name, entry] : table) {
    if (!IsForText(entry) || !IsWanted(name, patterns)) continue;
    ASSIGN_OR_RETURN(v1::Arm arm, ArmOf(name, entry, file));
    listed.arms.push_back(std::move(arm));
  }
  for (const std::string& pattern : patterns) {
    bool is_used = false;
    for (const v1::Arm& arm : listed.arms) is_used |= MatchesPattern(pattern, arm.name());
    if (!is_used)
      listed.notes.push_back(Cat("no chat or completion model matches ", Quoted(pattern)));
  }
  return NonEmpty(std::move(listed), file);
}

absl::StatusOr<ListedArms> ArmsOfProxyConfig(const std::string& yaml, std::string_view file,
                                             const std::vector<std::string>& patterns,
                                             const std::string& prices,
                                             std::string_view prices_file) {
  std::map<std::string, Entry> table;
  if (!prices.empty()) {
    ASSIGN_OR_RETURN(table, TableOf(prices, prices_file));
  }
  YAML::Node models;
  try {
    models = YAML::Load(yaml)["model_list"];
  } catch (const YAML::Exception& error) {
    return InvalidArgument(file, ":", error.mark.line + 1, ": this is not YAML: ", error.msg);
  }
  if (!models.IsDefined() || !models.IsSequence()) {
    return InvalidArgument(file,
                           ": it has no list `model_list`, as the config of a LiteLLM proxy has");
  }
  ListedArms listed;
  std::set<std::string> seen;
  std::size_t notes = 0;
  for (const YAML::Node& node : models) {
    const std::string where = Cat(file, ":", node.Mark().line + 1);
    if (!node.IsMap() || !node["model_name"].IsDefined() || !node["model_name"].IsScalar()) {
      return InvalidArgument(where, ": each entry of model_list needs a `model_name`");
    }
    const std::string name = node["model_name"].Scalar();
    if (name.find('*') != std::string::npos) {
      Note(Cat(Quoted(name), " stands for many models and is left out"), notes, listed.notes);
      continue;
    }
    // Several deployments of one name are one arm.
    if (!IsWanted(name, patterns) || !seen.insert(name).second) continue;
    Entry own;
    AddTo(own, node["litellm_params"]);
    const std::string model = own["model"];
    AddTo(own, node["model_info"]);
    const std::string base = own["base_model"];
    const Entry* known = base.empty() ? nullptr : Find(table, base);
    if (known == nullptr) known = Find(table, model.empty() ? name : model);
    if (known == nullptr && !table.empty()) {
      Note(
          Cat(prices_file, " has no model ", Quoted(model.empty() ? name : model), " (", name, ")"),
          notes, listed.notes);
    }
    if (known != nullptr) own.insert(known->begin(), known->end());
    if (!IsForText(own)) continue;
    ASSIGN_OR_RETURN(v1::Arm arm, ArmOf(name, own, where));
    listed.arms.push_back(std::move(arm));
  }
  if (notes > kNotesMax) listed.notes.push_back(Cat("and ", notes - kNotesMax, " more notes"));
  return NonEmpty(std::move(listed), file);
}

absl::StatusOr<std::vector<std::string>> SetPriorQualities(const std::string& csv,
                                                           std::string_view file, double strength,
                                                           std::vector<v1::Arm>& arms) {
  std::vector<std::string> notes;
  std::size_t line = 0, unknown = 0;
  for (std::size_t begin = 0; begin < csv.size();) {
    const std::size_t end = std::min(csv.find('\n', begin), csv.size());
    std::string row = csv.substr(begin, end - begin);
    begin = end + 1;
    ++line;
    if (!row.empty() && row.back() == '\r') row.pop_back();
    if (row.empty() || line == 1) continue;  // the header
    const std::size_t comma = row.rfind(',');
    const std::optional<double> quality =
        comma == std::string::npos ? std::nullopt : NumberIn(row.substr(comma + 1));
    if (!quality || !(*quality >= 0 && *quality <= 1)) {
      return InvalidArgument(file, ":", line,
                             ": expected `arm,quality` with a quality from 0 to 1, got ",
                             Quoted(row, 60));
    }
    std::string name = row.substr(0, comma);
    if (name.size() > 1 && name.front() == '"' && name.back() == '"') {
      name = name.substr(1, name.size() - 2);
    }
    bool is_known = false;
    for (v1::Arm& arm : arms) {
      if (arm.name() != name) continue;
      is_known = true;
      arm.set_prior_quality(*quality);
      arm.set_prior_strength(strength);
    }
    if (!is_known) Note(Cat(file, ":", line, ": no arm is named ", Quoted(name)), unknown, notes);
  }
  if (unknown > kNotesMax) notes.push_back(Cat("and ", unknown - kNotesMax, " more names"));
  return notes;
}

}  // namespace pointsman::tools

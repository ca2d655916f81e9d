#include "tools/arm_options.h"

#include <charconv>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::tools {
namespace {

template <class T>
bool Read(const std::string& text, T& value) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

void AddPrices(CLI::App* command, const std::shared_ptr<v1::PutArmRequest>& request) {
  const auto number = [&](const char* flag, void (v1::Arm::*set)(double), const char* help) {
    command->add_option_function<double>(
        flag, [request, set](double value) { (request->mutable_arm()->*set)(value); }, help);
  };
  number("--usd-per-1m-input", &v1::Arm::set_usd_per_1m_input, "price of input tokens in USD");
  number("--usd-per-1m-output", &v1::Arm::set_usd_per_1m_output, "price of output tokens in USD");
  number("--usd-per-1m-cached-input", &v1::Arm::set_usd_per_1m_cached_input,
         "price of cached input tokens in USD [the input price]");
  number("--usd-per-request", &v1::Arm::set_usd_per_request, "fee of each call in USD");
  command
      ->add_option_function<std::vector<std::string>>(
          "--price-tier",
          [request](const std::vector<std::string>& tiers) {
            for (const std::string& text : tiers) {
              const auto tier = ParsePriceTier(text);
              if (!tier.ok()) {
                throw CLI::ValidationError("--price-tier", std::string(tier.status().message()));
              }
              *request->mutable_arm()->add_price_tiers() = *tier;
            }
          },
          "ABOVE:INPUT:OUTPUT[:CACHED]: prices of calls with more than ABOVE input tokens (repeat)")
      ->allow_extra_args(false);
}

void AddBeliefs(CLI::App* command, const std::shared_ptr<v1::PutArmRequest>& request) {
  const auto number = [&](const char* flag, void (v1::Arm::*set)(double), const char* help) {
    command->add_option_function<double>(
        flag, [request, set](double value) { (request->mutable_arm()->*set)(value); }, help);
  };
  number("--prior-quality", &v1::Arm::set_prior_quality,
         "expected quality before any outcome, in [0, 1]");
  number("--prior-strength", &v1::Arm::set_prior_strength,
         "number of outcomes that the prior counts as");
  number("--prior-latency-ms", &v1::Arm::set_prior_latency_ms,
         "expected latency before any outcome, in ms");
  number("--prior-output-tokens", &v1::Arm::set_prior_output_tokens,
         "expected output tokens before any outcome");
  command->add_option("--inherit-from", *request->mutable_inherit_from(),
                      "start from what this arm has learned");
  command->add_option_function<double>(
      "--inherit-strength", [request](double value) { request->set_inherit_strength(value); },
      "number of outcomes that the inherited prior counts as [10]");
}

// A list replaces the arm's present list.
void AddLists(CLI::App* command, const std::shared_ptr<v1::PutArmRequest>& request) {
  const auto list = [&](const char* flag, auto field, const char* help) {
    command
        ->add_option_function<std::vector<std::string>>(
            flag,
            [request, field](const std::vector<std::string>& values) {
              for (const std::string& value : values) *field(*request->mutable_arm()) = value;
            },
            help)
        ->allow_extra_args(false);
  };
  list(
      "--tag", [](v1::Arm& arm) { return arm.add_tags(); },
      "tag for `route --require-tag` (repeat)");
  list(
      "--alias", [](v1::Arm& arm) { return arm.add_aliases(); },
      "another name for this arm (repeat)");
}

}  // namespace

absl::StatusOr<v1::PriceTier> ParsePriceTier(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  v1::PriceTier tier;
  int64_t above = 0;
  bool is_read = (parts.size() == 3 || parts.size() == 4) && Read(parts[0], above) && above > 0;
  tier.set_above_input_tokens(above);
  constexpr void (v1::PriceTier::*kSet[])(double) = {&v1::PriceTier::set_usd_per_1m_input,
                                                     &v1::PriceTier::set_usd_per_1m_output,
                                                     &v1::PriceTier::set_usd_per_1m_cached_input};
  for (std::size_t i = 1; is_read && i < parts.size(); ++i) {
    double price = 0;
    if (parts[i].empty()) continue;
    is_read = Read(parts[i], price) && price >= 0;
    (tier.*kSet[i - 1])(price);
  }
  if (is_read) return tier;
  return InvalidArgument(Quoted(text),
                         " is not a price tier; expected ABOVE:INPUT:OUTPUT[:CACHED], such as "
                         "200000:2.5:15, prices in USD per 1M tokens");
}

void AddArmOptions(CLI::App* command, const std::shared_ptr<v1::PutArmRequest>& request,
                   bool can_change) {
  const auto text = [&](const char* flag, auto set, const char* help) {
    command->add_option_function<std::string>(
        flag, [request, set](const std::string& value) { set(*request->mutable_arm(), value); },
        help);
  };
  const auto count = [&](const char* flag, void (v1::Arm::*set)(int64_t), const char* help) {
    command->add_option_function<int64_t>(
        flag, [request, set](int64_t value) { (request->mutable_arm()->*set)(value); }, help);
  };
  text(
      "--description", [](v1::Arm& arm, const std::string& value) { arm.set_description(value); },
      "what the arm is good at; used to search large pools");
  text(
      "--model-version", [](v1::Arm& arm, const std::string& value) { arm.set_version(value); },
      "version of the model behind the name; a new version starts without learned state");
  AddLists(command, request);
  AddPrices(command, request);
  count("--context-tokens-max", &v1::Arm::set_context_tokens_max,
        "context window in tokens; 0: no known limit");
  count("--output-tokens-max", &v1::Arm::set_output_tokens_max,
        "most tokens of one answer; 0: no known limit");
  AddBeliefs(command, request);
  if (!can_change) return;
  command
      ->add_option_function<std::vector<std::string>>(
          "--clear",
          [request](const std::vector<std::string>& fields) {
            for (std::string field : fields) {
              for (char& c : field) c = c == '-' ? '_' : c;
              request->add_clear(field);
            }
          },
          "unset a field, such as usd_per_1m_input or tags (repeat)")
      ->allow_extra_args(false);
  command->add_flag_callback(
      "--reset", [request] { request->set_reset(true); },
      "discard what was learned about the arm, as for a new model under its name");
}

}  // namespace pointsman::tools

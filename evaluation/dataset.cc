#include "evaluation/dataset.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/json.h"
#include "evaluation/lines.h"

namespace pointsman {
namespace {

using Json = nlohmann::json;
using IndexByName = std::unordered_map<std::string, std::size_t>;
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

std::string Listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += Cat(text.empty() ? "" : ", ", name);
  return text;
}

absl::Status ReadPrice(const Json& model, const char* key, std::string_view where,
                       std::optional<double>& price) {
  const auto found = model.find(key);
  if (found == model.end() || found->is_null()) return absl::OkStatus();
  if (!found->is_number() || !(found->get<double>() >= 0)) {
    return InvalidArgument(where, ": `", key, "` must be a number of USD, at least 0, or null");
  }
  price = found->get<double>();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Arm>> ReadModels(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(path));
  ASSIGN_OR_RETURN(const Json models, ParseJson(text, path));
  if (!models.is_array() || models.empty()) {
    return InvalidArgument(path, ":1: expected a list of at least one model");
  }
  std::vector<Arm> arms;
  IndexByName seen;
  for (const Json& model : models) {
    const std::string where = Cat(path, ": model ", arms.size() + 1);
    const std::string* name = model.is_object() ? JsonString(model, "name") : nullptr;
    if (name == nullptr || name->empty()) {
      return InvalidArgument(where, ": expected an object with a `name`");
    }
    if (!seen.emplace(*name, arms.size()).second) {
      return InvalidArgument(where, ": ", Quoted(*name), " is listed twice");
    }
    Arm arm;
    arm.name = *name;
    if (const std::string* description = JsonString(model, "description")) {
      arm.description = *description;
    }
    RETURN_IF_ERROR(ReadPrice(model, "usd_per_1m_input", where, arm.usd_per_1m_input));
    RETURN_IF_ERROR(ReadPrice(model, "usd_per_1m_output", where, arm.usd_per_1m_output));
    arms.push_back(std::move(arm));
  }
  return arms;
}

// The arms of a pool, as indexes of models.
absl::StatusOr<std::vector<std::size_t>> ReadPool(const std::string& folder, std::string_view pool,
                                                  const IndexByName& models) {
  const std::string path = Cat(folder, "/pools.json");
  ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(path));
  ASSIGN_OR_RETURN(const Json pools, ParseJson(text, path));
  if (!pools.is_object()) return InvalidArgument(path, ":1: expected an object of named lists");
  const auto found = pools.find(std::string(pool));
  if (found == pools.end()) {
    std::vector<std::string> names;
    for (const auto& item : pools.items()) names.push_back(item.key());
    return NotFound(path, " has no pool ", Quoted(pool), "; it has: all, ", Listed(names));
  }
  std::vector<std::size_t> members;
  for (const Json& item : *found) {
    const std::string name = item.is_string() ? item.get<std::string>() : "";
    const auto model = models.find(name);
    if (model == models.end()) {
      return InvalidArgument(path, ": pool ", Quoted(pool), " names ", Quoted(name),
                             ", which is not in models.json");
    }
    if (std::find(members.begin(), members.end(), model->second) != members.end()) {
      return InvalidArgument(path, ": pool ", Quoted(pool), " names ", Quoted(name), " twice");
    }
    members.push_back(model->second);
  }
  if (members.empty()) {
    return InvalidArgument(path, ": pool ", Quoted(pool), " must be a list of model names");
  }
  return members;
}

absl::StatusOr<std::vector<DatasetQuery>> ReadQueries(const std::string& path) {
  ASSIGN_OR_RETURN(const auto lines, Lines::Open(path));
  std::vector<DatasetQuery> queries;
  IndexByName seen;
  while (true) {
    ASSIGN_OR_RETURN(const bool is_line, lines->Next());
    if (!is_line) return queries;
    if (lines->line().empty()) continue;
    const Json object = Json::parse(lines->line(), nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) {
      return InvalidArgument(lines->Where(), ": expected one JSON object; the line does not parse");
    }
    const std::string* id = JsonString(object, "id");
    const std::string* text = JsonString(object, "text");
    if (id == nullptr || id->empty() || text == nullptr || text->empty()) {
      return InvalidArgument(lines->Where(), ": a query needs the strings `id` and `text`");
    }
    if (!seen.emplace(*id, queries.size()).second) {
      return InvalidArgument(lines->Where(), ": query id ", Quoted(*id), " was used before");
    }
    const std::string* domain = JsonString(object, "domain");
    queries.push_back({*id, *text, domain == nullptr ? "" : *domain});
  }
}

// One row of outcomes.tsv, cut at its tabs.
std::vector<std::string_view> Fields(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t tab = line.find('\t');
    fields.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return fields;
    line.remove_prefix(tab + 1);
  }
}

template <class T>
absl::Status ReadNumber(std::string_view field, const char* column, const Lines& lines,
                        std::optional<T>& value) {
  if (field.empty()) return absl::OkStatus();
  T number{};
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  const bool is_read = error == std::errc() && end == field.data() + field.size();
  if (!is_read || !std::isfinite(static_cast<double>(number)) || number < T{0}) {
    return InvalidArgument(lines.Where(), ": `", column, "` is ", Quoted(field),
                           "; expected a number, at least 0, or nothing");
  }
  value = number;
  return absl::OkStatus();
}

class OutcomesReader {
 public:
  OutcomesReader(const IndexByName& queries, const IndexByName& models,
                 const std::vector<std::size_t>& column_of_model, std::size_t arms)
      : queries_(queries), models_(models), column_of_model_(column_of_model), arms_(arms) {}

  // Every outcome of the pool's arms, size queries * arms; no quality where there was no row.
  absl::StatusOr<std::vector<Outcome>> Read(const std::string& path) {
    ASSIGN_OR_RETURN(const auto lines, Lines::Open(path));
    ASSIGN_OR_RETURN(const bool is_header, lines->Next());
    if (!is_header) return InvalidArgument(path, ":1: the file is empty; expected a header line");
    RETURN_IF_ERROR(ReadHeader(*lines));
    std::vector<Outcome> outcomes(queries_.size() * arms_);
    std::vector<bool> is_seen(queries_.size() * models_.size());
    while (true) {
      ASSIGN_OR_RETURN(const bool is_line, lines->Next());
      if (!is_line) return outcomes;
      if (lines->line().empty()) continue;
      RETURN_IF_ERROR(ReadRow(*lines, outcomes, is_seen));
    }
  }

 private:
  enum Column { kId, kModel, kQuality, kCost, kLatency, kInput, kOutput, kColumns };
  static constexpr std::array<const char*, kColumns> kNames = {
      "id", "model", "quality", "cost_usd", "latency_ms", "input_tokens", "output_tokens"};

  absl::Status ReadHeader(const Lines& lines) {
    const auto fields = Fields(lines.line());
    place_.fill(kNone);
    width_ = fields.size();
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const auto found = std::find(kNames.begin(), kNames.end(), fields[i]);
      if (found == kNames.end()) continue;
      place_[static_cast<std::size_t>(found - kNames.begin())] = i;
    }
    for (const Column needed : {kId, kModel, kQuality}) {
      if (place_[needed] == kNone) {
        return InvalidArgument(lines.Where(), ": the header has no column `", kNames[needed],
                               "`; columns are separated by tabs");
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadRow(const Lines& lines, std::vector<Outcome>& outcomes,
                       std::vector<bool>& is_seen) {
    const auto fields = Fields(lines.line());
    if (fields.size() != width_) {
      return InvalidArgument(lines.Where(), ": ", fields.size(), " fields, but the header has ",
                             width_, "; the file may be cut off here");
    }
    const auto field = [&](Column column) {
      return place_[column] == kNone ? std::string_view() : fields[place_[column]];
    };
    const auto query = queries_.find(std::string(field(kId)));
    if (query == queries_.end()) {
      return InvalidArgument(lines.Where(), ": query id ", Quoted(field(kId)),
                             " is not in queries.jsonl");
    }
    const auto model = models_.find(std::string(field(kModel)));
    if (model == models_.end()) {
      return InvalidArgument(lines.Where(), ": model ", Quoted(field(kModel)),
                             " is not in models.json");
    }
    auto seen = is_seen[query->second * models_.size() + model->second];
    if (seen) {
      return InvalidArgument(lines.Where(), ": a second outcome of model ", Quoted(model->first),
                             " on query ", Quoted(query->first));
    }
    seen = true;
    Outcome outcome;
    RETURN_IF_ERROR(ReadNumber(field(kQuality), kNames[kQuality], lines, outcome.quality));
    RETURN_IF_ERROR(ReadNumber(field(kCost), kNames[kCost], lines, outcome.cost_usd));
    RETURN_IF_ERROR(ReadNumber(field(kLatency), kNames[kLatency], lines, outcome.latency_ms));
    RETURN_IF_ERROR(ReadNumber(field(kInput), kNames[kInput], lines, outcome.input_tokens));
    RETURN_IF_ERROR(ReadNumber(field(kOutput), kNames[kOutput], lines, outcome.output_tokens));
    if (outcome.quality && *outcome.quality > 1) {
      return InvalidArgument(lines.Where(), ": `quality` is ", *outcome.quality,
                             "; it must be in [0, 1]");
    }
    const std::size_t arm = column_of_model_[model->second];
    if (arm != kNone) outcomes[query->second * arms_ + arm] = outcome;
    return absl::OkStatus();
  }

  const IndexByName& queries_;
  const IndexByName& models_;
  const std::vector<std::size_t>& column_of_model_;
  const std::size_t arms_;
  std::array<std::size_t, kColumns> place_{};  // where each column stands in a row
  std::size_t width_ = 0;                      // fields of a row
};

template <class T, class Name>
IndexByName IndexOf(const std::vector<T>& items, Name T::*name) {
  IndexByName index;
  for (std::size_t i = 0; i < items.size(); ++i) index.emplace(items[i].*name, i);
  return index;
}

void KeepCompleteQueries(std::vector<DatasetQuery> queries, std::vector<Outcome> outcomes,
                         Dataset& dataset) {
  const std::size_t arms = dataset.arms.size();
  for (std::size_t q = 0; q < queries.size(); ++q) {
    const auto row = outcomes.begin() + static_cast<std::ptrdiff_t>(q * arms);
    const auto end = row + static_cast<std::ptrdiff_t>(arms);
    if (!std::all_of(row, end, [](const Outcome& o) { return o.quality.has_value(); })) {
      ++dataset.queries_left_out;
      continue;
    }
    dataset.queries.push_back(std::move(queries[q]));
    dataset.outcomes.insert(dataset.outcomes.end(), row, end);
  }
}

std::vector<std::string> ArmsWithout(const Dataset& dataset,
                                     std::optional<double> Outcome::*field) {
  std::vector<std::string> names;
  for (std::size_t a = 0; a < dataset.arms.size(); ++a) {
    for (std::size_t q = 0; q < dataset.queries.size(); ++q) {
      if ((dataset.At(q, a).*field).has_value()) continue;
      names.push_back(dataset.arms[a].name);
      break;
    }
  }
  return names;
}

}  // namespace

absl::StatusOr<Dataset> LoadDataset(const std::string& folder, std::string_view pool) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::weakly_canonical(folder, error);
  if (error || !std::filesystem::is_directory(path, error)) {
    return NotFound("there is no data folder ", folder,
                    "; it should hold queries.jsonl, models.json and outcomes.tsv");
  }
  Dataset dataset;
  dataset.name = path.filename().string();
  dataset.pool = pool.empty() ? "all" : std::string(pool);

  ASSIGN_OR_RETURN(const std::vector<Arm> models, ReadModels(Cat(folder, "/models.json")));
  const IndexByName model_index = IndexOf(models, &Arm::name);
  std::vector<std::size_t> members;
  if (dataset.pool == "all") {
    for (std::size_t i = 0; i < models.size(); ++i) members.push_back(i);
  } else {
    ASSIGN_OR_RETURN(members, ReadPool(folder, pool, model_index));
  }
  std::vector<std::size_t> column_of_model(models.size(), kNone);
  for (const std::size_t member : members) {
    column_of_model[member] = dataset.arms.size();
    dataset.arms.push_back(models[member]);
  }

  ASSIGN_OR_RETURN(std::vector<DatasetQuery> queries, ReadQueries(Cat(folder, "/queries.jsonl")));
  const IndexByName query_index = IndexOf(queries, &DatasetQuery::id);
  OutcomesReader reader(query_index, model_index, column_of_model, members.size());
  ASSIGN_OR_RETURN(std::vector<Outcome> outcomes, reader.Read(Cat(folder, "/outcomes.tsv")));
  KeepCompleteQueries(std::move(queries), std::move(outcomes), dataset);
  if (dataset.queries.empty()) {
    return InvalidArgument(folder, ": no query has a recorded quality for each of the ",
                           members.size(), " models of pool ", Quoted(dataset.pool),
                           "; choose a smaller pool");
  }
  return dataset;
}

std::vector<std::string> ArmsWithoutCost(const Dataset& dataset) {
  return ArmsWithout(dataset, &Outcome::cost_usd);
}

std::vector<std::string> ArmsWithoutLatency(const Dataset& dataset) {
  return ArmsWithout(dataset, &Outcome::latency_ms);
}

double DearestMeanCostUsd(const Dataset& dataset, double otherwise) {
  if (!ArmsWithoutCost(dataset).empty()) return otherwise;
  double dearest = 0;
  for (std::size_t a = 0; a < dataset.arms.size(); ++a) {
    double sum = 0;
    for (std::size_t q = 0; q < dataset.queries.size(); ++q) sum += *dataset.At(q, a).cost_usd;
    dearest = std::max(dearest, sum / static_cast<double>(dataset.queries.size()));
  }
  return dearest > 0 ? dearest : otherwise;
}

}  // namespace pointsman

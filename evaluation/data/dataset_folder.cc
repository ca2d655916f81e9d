#include "evaluation/data/dataset_folder.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/data/json.h"
#include "evaluation/data/lines.h"
#include "evaluation/data/outcome_columns.h"

namespace pointsman::evaluation {
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

// As in outcomes.tsv: a number is written as its digits.
std::string IdOf(const Json& object) {
  const auto id = object.find("id");
  if (id == object.end()) return "";
  if (id->is_string()) return id->get<std::string>();
  return id->is_number() || id->is_boolean() ? id->dump() : "";
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
    std::string id = IdOf(object);
    const std::string* text = JsonString(object, "text");
    if (id.empty() || text == nullptr || text->empty()) {
      return InvalidArgument(lines->Where(), ": a query needs an `id` and the string `text`");
    }
    if (!seen.emplace(id, queries.size()).second) {
      return InvalidArgument(lines->Where(), ": query id ", Quoted(id), " was used before");
    }
    const std::string* domain = JsonString(object, "domain");
    queries.push_back({std::move(id), *text, domain == nullptr ? "" : *domain});
  }
}

// The fields of one row of outcomes.tsv.
std::vector<std::string_view> Fields(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t tab = line.find('\t');
    fields.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return fields;
    line.remove_prefix(tab + 1);
  }
}

class OutcomesReader {
 public:
  // `arm_of_model`: its place in set.arms, or kNone. All must outlive the reader.
  OutcomesReader(const IndexByName& queries, const IndexByName& models,
                 const std::vector<std::size_t>& arm_of_model, OutcomeSet& set)
      : queries_(queries), models_(models), arm_of_model_(arm_of_model), set_(set) {}

  // Adds every outcome of the pool's arms to the set.
  absl::Status Read(const std::string& path) {
    ASSIGN_OR_RETURN(const auto lines, Lines::Open(path));
    ASSIGN_OR_RETURN(const bool is_header, lines->Next());
    if (!is_header) return InvalidArgument(path, ":1: the file is empty; expected a header line");
    RETURN_IF_ERROR(ReadHeader(*lines));
    std::vector<bool> is_seen(queries_.size() * models_.size());
    while (true) {
      ASSIGN_OR_RETURN(const bool is_line, lines->Next());
      if (!is_line) return absl::OkStatus();
      if (lines->line().empty()) continue;
      RETURN_IF_ERROR(ReadRow(*lines, is_seen));
    }
  }

 private:
  absl::Status ReadHeader(const Lines& lines) {
    const auto columns = Fields(lines.line());
    width_ = columns.size();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto field = FieldOfColumn(columns[i]);
      const bool is_new = field && place_.try_emplace(*field, i).second;
      if (!is_new || *field == ColumnField::kText) set_.unknown_columns.emplace_back(columns[i]);
    }
    constexpr std::pair<ColumnField, const char*> kNeeded[] = {
        {ColumnField::kId, "id"}, {ColumnField::kArm, "model"}, {ColumnField::kQuality, "quality"}};
    for (const auto& [field, name] : kNeeded) {
      if (place_.count(field) > 0) continue;
      return InvalidArgument(lines.Where(), ": the header has no column `", name,
                             "`; columns are separated by tabs");
    }
    for (const std::string& column : set_.unknown_columns) {
      const auto near = NearMiss(column);
      if (!near || place_.count(*near) > 0) continue;
      return InvalidArgument(lines.Where(), ": the column ", Quoted(column),
                             " is unknown; did you mean ", FieldName(*near),
                             "? Rename the column, or remove it");
    }
    return absl::OkStatus();
  }

  absl::Status ReadRow(const Lines& lines, std::vector<bool>& is_seen) {
    const auto fields = Fields(lines.line());
    if (fields.size() != width_) {
      return InvalidArgument(lines.Where(), ": ", fields.size(), " fields, but the header has ",
                             width_, "; the file may be cut off here");
    }
    const std::string_view id = fields[place_.at(ColumnField::kId)];
    const std::string_view name = fields[place_.at(ColumnField::kArm)];
    const auto query = queries_.find(std::string(id));
    if (query == queries_.end()) {
      return InvalidArgument(lines.Where(), ": query id ", Quoted(id), " is not in queries.jsonl");
    }
    const auto model = models_.find(std::string(name));
    if (model == models_.end()) {
      return InvalidArgument(lines.Where(), ": model ", Quoted(name), " is not in models.json");
    }
    auto seen = is_seen[query->second * models_.size() + model->second];
    if (seen) {
      return InvalidArgument(lines.Where(), ": this is the second outcome of model ",
                             Quoted(model->first), " on query ", Quoted(query->first));
    }
    seen = true;
    Outcome outcome;
    for (const auto& [field, column] : place_) {
      const absl::Status read = ReadCell(field, fields[column], {}, 1, outcome);
      if (!read.ok()) return InvalidArgument(lines.Where(), ": ", ToStd(read.message()));
    }
    Keep(query->second, arm_of_model_[model->second], outcome);
    return absl::OkStatus();
  }

  void Keep(std::size_t query, std::size_t arm, Outcome& outcome) {
    if (arm == kNone) return;
    ++set_.cells;
    if (outcome.error_kind) outcome.error = true;
    if (outcome.error.value_or(false)) outcome.quality.reset();
    if (outcome.empty()) {
      ++set_.left_out["nothing was recorded"];
    } else {
      set_.outcomes.push_back({query, arm, outcome});
    }
  }

  const IndexByName& queries_;
  const IndexByName& models_;
  const std::vector<std::size_t>& arm_of_model_;
  OutcomeSet& set_;
  std::map<ColumnField, std::size_t> place_;  // position of each column in a row
  std::size_t width_ = 0;                     // number of fields in a row
};

template <class T, class Name>
IndexByName IndexOf(const std::vector<T>& items, Name T::*name) {
  IndexByName index;
  for (std::size_t i = 0; i < items.size(); ++i) index.emplace(items[i].*name, i);
  return index;
}

}  // namespace

absl::StatusOr<OutcomeSet> ReadDataFolder(const std::string& folder, std::string_view pool) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::weakly_canonical(folder, error);
  if (error || !std::filesystem::is_directory(path, error)) {
    return NotFound("there is no data folder ", folder,
                    "; a data folder contains queries.jsonl, models.json and outcomes.tsv");
  }
  OutcomeSet set;
  set.name = path.filename().string();
  set.pool = pool.empty() ? "all" : std::string(pool);
  set.shape = "a data folder";

  ASSIGN_OR_RETURN(const std::vector<Arm> models, ReadModels(Cat(folder, "/models.json")));
  const IndexByName model_index = IndexOf(models, &Arm::name);
  std::vector<std::size_t> members;
  if (set.pool == "all") {
    for (std::size_t i = 0; i < models.size(); ++i) members.push_back(i);
  } else {
    ASSIGN_OR_RETURN(members, ReadPool(folder, pool, model_index));
  }
  std::vector<std::size_t> arm_of_model(models.size(), kNone);
  for (const std::size_t member : members) {
    arm_of_model[member] = set.arms.size();
    set.arms.push_back(models[member]);
  }
  ASSIGN_OR_RETURN(set.queries, ReadQueries(Cat(folder, "/queries.jsonl")));
  const IndexByName query_index = IndexOf(set.queries, &DatasetQuery::id);
  OutcomesReader reader(query_index, model_index, arm_of_model, set);
  RETURN_IF_ERROR(reader.Read(Cat(folder, "/outcomes.tsv")));
  return set;
}

absl::StatusOr<OutcomeSet> ReadOutcomes(const std::string& path, std::string_view pool,
                                        const TableOptions& table) {
  std::error_code error;
  const bool is_file = std::filesystem::is_regular_file(path, error) ||
                       std::filesystem::is_regular_file(path + ".gz", error);
  if (is_file) {
    if (pool.empty()) return ReadOutcomeTable(path, table);
    return InvalidArgument("a subset of models can be chosen only in a data folder; ", path,
                           " is a table");
  }
  if (!std::filesystem::is_directory(path, error)) {
    return NotFound(
        "there is no data folder ", path,
        ", and no such table; a data folder contains queries.jsonl, models.json and outcomes.tsv");
  }
  if (!table.maps.empty() || !table.scale.empty() || table.skips_bad_rows) {
    return InvalidArgument("--map, --scale and --skip-bad-rows apply only to a table; ", path,
                           " is a data folder, whose outcomes.tsv has fixed names and units");
  }
  return ReadDataFolder(path, pool);
}

}  // namespace pointsman::evaluation

#include "evaluation/data/table_columns.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/names.h"

namespace pointsman::evaluation {
namespace {

using enum ColumnField;

constexpr std::string_view kBetween = "|.:/_- ";  // between a model's name and a field's
constexpr std::size_t kNamesShown = 400;          // bytes

std::string Listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += Cat(text.empty() ? "" : ", ", name);
  return OneLine(text, kNamesShown);
}

// What --map says about a column.
struct Mapped {
  std::optional<ColumnField> field;
  std::string model;  // empty: no model is given
  double factor = 1;
  bool is_used = false;
};

absl::StatusOr<std::pair<std::string, Mapped>> ParseMap(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    return InvalidArgument("--map is ", Quoted(text),
                           "; expected COLUMN=FIELD, where FIELD is one of: ", FieldNames(),
                           ", or `ignore`");
  }
  Mapped mapped;
  std::string target = text.substr(equals + 1);
  if (const std::size_t star = target.rfind('*'); star != std::string::npos) {
    const char* const end = target.data() + target.size();
    const auto [stop, error] = std::from_chars(target.data() + star + 1, end, mapped.factor);
    if (error != std::errc() || stop != end || !(mapped.factor > 0)) {
      return InvalidArgument("--map is ", Quoted(text), "; expected COLUMN=FIELD*NUMBER");
    }
    target.resize(star);
  }
  mapped.field = target == "ignore" ? kIgnored : FieldOfColumn(target);
  if (!mapped.field) {
    const std::size_t dot = target.rfind('.');
    const auto inner =
        dot == std::string::npos ? std::nullopt : FieldOfColumn(target.substr(dot + 1));
    mapped.model = inner ? target.substr(0, dot) : target;
    mapped.field = inner.value_or(kQuality);
  }
  if (mapped.factor != 1 && (*mapped.field == kQuality || !IsOutcomeField(*mapped.field))) {
    return InvalidArgument(
        "--map is ", Quoted(text),
        ": a factor applies only to times, costs and tokens; use --scale for qualities");
  }
  return std::pair(text.substr(0, equals), std::move(mapped));
}

class Planner {
 public:
  Planner(const Table& table, const TableOptions& options, const QualityScale& scale)
      : table_(table), options_(options), scale_(scale) {}

  absl::StatusOr<TableColumns> Plan() {
    for (const std::string& text : options_.maps) {
      ASSIGN_OR_RETURN(auto map, ParseMap(text));
      maps_.insert_or_assign(std::move(map.first), std::move(map.second));
    }
    is_done_.assign(table_.columns.size(), false);
    plan_.is_wide = !HasArmColumn();
    ApplyMaps();
    ApplyNames();
    RETURN_IF_ERROR(plan_.is_wide ? FindModels() : absl::OkStatus());
    RETURN_IF_ERROR(CheckMaps());
    RETURN_IF_ERROR(CheckTwice());
    RETURN_IF_ERROR(NameTheRest());
    RETURN_IF_ERROR(CheckComplete());
    OrderModels();
    return std::move(plan_);
  }

 private:
  const std::string& Column(std::size_t i) const { return table_.columns[i]; }

  bool HasArmColumn() const {
    return std::any_of(
        table_.columns.begin(), table_.columns.end(), [&](const std::string& column) {
          const auto map = maps_.find(column);
          return (map == maps_.end() ? FieldOfColumn(column) : map->second.field) == kArm;
        });
  }

  // In a wide table each outcome belongs to a model. Only the query is shared by all.
  bool NeedsModel(ColumnField field) const {
    return plan_.is_wide && IsOutcomeField(field) && field != kInputTokens;
  }

  void ApplyMaps() {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      const auto map = maps_.find(Column(i));
      if (map == maps_.end()) continue;
      Mapped& mapped = map->second;
      mapped.is_used = true;
      if (mapped.model.empty() && NeedsModel(*mapped.field)) {
        is_done_[i] = true;
        without_model_.push_back(i);
      } else if (mapped.model.empty()) {
        Take(i, *mapped.field, mapped.factor);
      } else {
        TakeOf(i, mapped.model, *mapped.field, mapped.factor);
      }
    }
  }

  // Columns that are named after a field, unless --map has filled it.
  void ApplyNames() {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (is_done_[i]) continue;
      const auto field = FieldOfColumn(Column(i));
      if (field && filled_.count(*field) == 0) Take(i, *field, 1);
    }
  }

  void Take(std::size_t column, ColumnField field, double factor) {
    is_done_[column] = true;
    if (field == kIgnored) {
      plan_.shown.push_back(Cat(Column(column), " = ignored"));
      return;
    }
    filled_.insert(field);
    if (field == kId) plan_.id = column;
    if (field == kText) plan_.text = column;
    if (field == kArm) plan_.arm = column;
    if (IsOutcomeField(field)) plan_.values.push_back({column, field, kAnyArm, factor});
    plan_.shown.push_back(Cat(Column(column), " = ", FieldName(field)));
    if (factor != 1) plan_.shown.back() += Cat(" * ", factor);
  }

  void TakeOf(std::size_t column, const std::string& model, ColumnField field, double factor) {
    is_done_[column] = true;
    const auto [at, is_new] = models_.try_emplace(model, plan_.models.size());
    if (is_new) plan_.models.push_back(model);
    plan_.values.push_back({column, field, at->second, factor});
    plan_.shown.push_back(Cat(Column(column), " = ", FieldName(field), " of ", model));
  }

  bool IsKnown(const std::string& model) const {
    return models_.count(model) > 0 || options_.known_arms.count(NormalName(model)) > 0;
  }

  // Whether an unknown column could contain the qualities of a model.
  bool HoldsQualities(std::size_t column) const {
    if (Column(column).find_first_not_of(' ') == std::string::npos) return false;  // a row's number
    bool is_any = false;
    for (const auto& row : table_.rows) {
      Outcome outcome;
      if (IsMissing(row[column])) continue;
      if (!ReadCell(kQuality, row[column], scale_, 1, outcome).ok()) return false;
      is_any = true;
    }
    return is_any;
  }

  // The place in "gpt-4|cost_usd" where the field's name begins; 0: the column has no such name.
  std::size_t SplitAt(const std::string& column, std::string_view field) const {
    if (column.size() < field.size() + 2 || !column.ends_with(field)) return 0;
    const std::size_t at = column.size() - field.size();
    return kBetween.find(column[at - 1]) == std::string_view::npos ? 0 : at;
  }

  static std::string ModelBefore(const std::string& column, std::size_t at) {
    std::string model = column.substr(0, at - 1);
    while (model.ends_with('_')) model.pop_back();
    return model;
  }

  absl::Status FindModels() {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (!is_done_[i] && IsKnown(Column(i))) TakeOf(i, Column(i), kQuality, 1);
    }
    TakeFieldsOfModels(/*of_new=*/true);
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (!is_done_[i] && !NearOf(i) && HoldsQualities(i)) TakeOf(i, Column(i), kQuality, 1);
    }
    TakeFieldsOfModels(/*of_new=*/false);
    return GiveToModels();
  }

  // The model that a column's name begins with; empty: none. A column of qualities makes its model known.
  std::string ModelOf(std::size_t column, ColumnField field) const {
    const std::string& name = Column(column);
    for (std::size_t at = name.size(); at-- > 1;) {
      if (kBetween.find(name[at]) == std::string_view::npos) continue;
      std::string model = ModelBefore(name, at + 1);
      if (IsKnown(model) || (field == kQuality && !model.empty())) return model;
    }
    return {};
  }

  // The columns for which --map gives the field but not the model.
  absl::Status GiveToModels() {
    for (const std::size_t column : without_model_) {
      const Mapped& mapped = maps_.at(Column(column));
      const std::string model = ModelOf(column, *mapped.field);
      if (model.empty()) {
        const std::string map = Cat(OneLine(Column(column)), "=");
        return InvalidArgument("--map ", map, FieldName(*mapped.field), ": ", table_.path,
                               " has one row per query and one column per model, so a column of "
                               "outcomes must name its model: `--map ",
                               map, "MODEL.", FieldName(*mapped.field), "`");
      }
      TakeOf(column, model, *mapped.field, mapped.factor);
    }
    return absl::OkStatus();
  }

  // `of_new`: a column "x.quality" makes x a model.
  void TakeFieldsOfModels(bool of_new) {
    for (int field = static_cast<int>(kQuality); field < static_cast<int>(kIgnored); ++field) {
      const auto known = static_cast<ColumnField>(field);
      for (std::size_t i = 0; i < table_.columns.size(); ++i) {
        if (is_done_[i]) continue;
        const std::size_t at = SplitAt(Column(i), FieldName(known));
        if (at == 0) continue;
        const std::string model = ModelBefore(Column(i), at);
        if (IsKnown(model) || (of_new && known == kQuality)) TakeOf(i, model, known, 1);
      }
    }
    for (auto& [suffix, mapped] : maps_) {
      if (!mapped.model.empty()) continue;
      for (std::size_t i = 0; i < table_.columns.size(); ++i) {
        const std::size_t at = is_done_[i] ? 0 : SplitAt(Column(i), suffix);
        if (at == 0 || !IsKnown(ModelBefore(Column(i), at))) continue;
        mapped.is_used = true;
        if (*mapped.field == kIgnored) {
          Take(i, kIgnored, 1);
        } else {
          TakeOf(i, ModelBefore(Column(i), at), *mapped.field, mapped.factor);
        }
      }
    }
  }

  // The field that resembles an unknown column's name, or its part after a model's name.
  std::optional<std::pair<std::string, ColumnField>> NearOf(std::size_t column) const {
    const std::string& name = Column(column);
    if (const auto field = NearMiss(name); field && filled_.count(*field) == 0) {
      return std::pair(name, *field);
    }
    if (!plan_.is_wide) return std::nullopt;
    for (std::size_t at = 1; at + 1 < name.size(); ++at) {
      if (kBetween.find(name[at]) == std::string_view::npos) continue;
      const std::string model = ModelBefore(name, at + 1), rest = name.substr(at + 1);
      const auto field = NearMiss(rest);
      if (!field || !IsKnown(model)) continue;
      const bool has_it =
          std::any_of(plan_.values.begin(), plan_.values.end(), [&](const ColumnUse& use) {
            return use.field == *field && use.arm != kAnyArm && plan_.models[use.arm] == model;
          });
      if (!has_it) return std::pair(rest, *field);
    }
    return std::nullopt;
  }

  // The target that --map needs for a near miss: the field, and its model if the column's name does not show
  // it.
  std::string TargetOf(std::size_t column, const std::pair<std::string, ColumnField>& near) const {
    std::string field = FieldName(near.second);
    if (near.first != Column(column) || !NeedsModel(near.second)) return field;
    const std::size_t at = near.first.find_last_of(".|:/");
    return Cat(at == std::string::npos ? "MODEL" : OneLine(near.first.substr(0, at)), ".", field);
  }

  // Reports all at once: a file with one wrong name often has more.
  absl::Status NameTheRest() {
    std::string meant, maps;
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (is_done_[i]) continue;
      const auto near = NearOf(i);
      if (!near) {
        plan_.unknown.push_back(Column(i).empty() ? "(without a name)" : Column(i));
        continue;
      }
      const std::string map = Cat("--map ", OneLine(near->first), "=", TargetOf(i, *near));
      meant +=
          Cat(meant.empty() ? "" : ", ", Quoted(Column(i)), " (", FieldName(near->second), "?)");
      if (maps.find(map) == std::string::npos) maps += Cat(maps.empty() ? "" : " ", map);
    }
    if (meant.empty()) return absl::OkStatus();
    return InvalidArgument(table_.path, ":1: these column names resemble a field's name: ",
                           OneLine(meant, kNamesShown), ". `", OneLine(maps, kNamesShown),
                           "` accepts them, with *NUMBER after the field if the unit differs; "
                           "`--map COLUMN=ignore` skips a column");
  }

  // One value of a row would win over the other, unless a row has one of the two at most.
  absl::Status CheckTwice() const {
    std::map<std::pair<std::size_t, ColumnField>, std::size_t> columns;
    for (const ColumnUse& use : plan_.values) {
      const auto [at, is_new] = columns.try_emplace({use.arm, use.field}, use.column);
      if (is_new || !AreBothFilled(at->second, use.column)) continue;
      const std::string of = use.arm == kAnyArm ? "" : Cat(" of ", plan_.models[use.arm]);
      return InvalidArgument(table_.path, ":1: the columns ", Quoted(Column(at->second)), " and ",
                             Quoted(Column(use.column)), " are both ", FieldName(use.field), of,
                             "; `--map COLUMN=ignore` leaves one out");
    }
    return absl::OkStatus();
  }

  bool AreBothFilled(std::size_t a, std::size_t b) const {
    return std::any_of(table_.rows.begin(), table_.rows.end(),
                       [&](const auto& row) { return !IsMissing(row[a]) && !IsMissing(row[b]); });
  }

  absl::Status CheckMaps() const {
    for (const auto& [column, mapped] : maps_) {
      if (mapped.is_used) continue;
      return InvalidArgument("--map: ", table_.path, " has no column ", Quoted(column),
                             "; it has: ", Listed(table_.columns));
    }
    return absl::OkStatus();
  }

  absl::Status CheckComplete() {
    const auto lacks = [&](std::string_view what, std::string_view field) {
      return InvalidArgument(table_.path, ":1: no column is ", what, "; `--map COLUMN=", field,
                             "` names it. The columns are: ", Listed(table_.columns));
    };
    if (!plan_.text) return lacks("the text of the query", "text");
    if (!plan_.is_wide) {
      const auto is_value = [](const ColumnUse&) { return true; };
      if (std::none_of(plan_.values.begin(), plan_.values.end(), is_value)) {
        return lacks("an outcome (quality, latency_ms, cost_usd, ...)", "quality");
      }
      return absl::OkStatus();
    }
    if (plan_.models.empty() || filled_.count(kQuality) > 0) {
      return InvalidArgument(
          table_.path,
          ":1: no column contains the model (`--map COLUMN=arm` names one), and no column is named "
          "after an arm of the pool (`--map COLUMN=ARM` assigns one). The columns are: ",
          Listed(table_.columns));
    }
    std::erase_if(plan_.values, [&](const ColumnUse& use) {
      if (use.arm != kAnyArm || !NeedsModel(use.field)) return false;
      const std::string shown = Cat(Column(use.column), " = ", FieldName(use.field));
      std::erase_if(plan_.shown, [&](const std::string& s) { return s.starts_with(shown); });
      plan_.unknown.push_back(Column(use.column));
      return true;
    });
    return absl::OkStatus();
  }

  // Puts columns and models in the table's order, however they were found.
  void OrderModels() {
    std::sort(plan_.values.begin(), plan_.values.end(),
              [](const ColumnUse& a, const ColumnUse& b) { return a.column < b.column; });
    std::vector<std::string> models;
    std::map<std::size_t, std::size_t> place;
    for (ColumnUse& use : plan_.values) {
      if (use.arm == kAnyArm) continue;
      const auto [at, is_new] = place.try_emplace(use.arm, models.size());
      if (is_new) models.push_back(plan_.models[use.arm]);
      use.arm = at->second;
    }
    plan_.models = std::move(models);
  }

  const Table& table_;
  const TableOptions& options_;
  const QualityScale& scale_;
  std::map<std::string, Mapped> maps_;
  std::vector<bool> is_done_;
  std::set<ColumnField> filled_;
  std::map<std::string, std::size_t> models_;
  std::vector<std::size_t> without_model_;
  TableColumns plan_;
};

}  // namespace

absl::StatusOr<TableColumns> PlanColumns(const Table& table, const TableOptions& options,
                                         const QualityScale& scale) {
  return Planner(table, options, scale).Plan();
}

}  // namespace pointsman::evaluation

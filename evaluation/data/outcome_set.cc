#include "evaluation/data/outcome_set.h"

#include <filesystem>
#include <unordered_map>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/data/outcome_columns.h"
#include "evaluation/data/table.h"
#include "evaluation/data/table_columns.h"

namespace pointsman::evaluation {
namespace {

constexpr char kNoModel[] = "the row names no model";
constexpr char kNoText[] = "the query has no text";
constexpr char kNoValue[] = "nothing was recorded";
constexpr char kTwice[] = "a second outcome of the same query and model";
constexpr char kBad[] = "an invalid value";

class SetReader {
 public:
  SetReader(const Table& table, const TableColumns& columns, const QualityScale& scale,
            const TableOptions& options)
      : table_(table), columns_(columns), scale_(scale), options_(options) {}

  absl::StatusOr<OutcomeSet> Read() {
    for (const std::string& model : columns_.models) ArmOf(model);
    for (std::size_t row = 0; row < table_.rows.size(); ++row) {
      RETURN_IF_ERROR(columns_.is_wide ? ReadWide(row) : ReadLong(row));
    }
    LeaveOutQueriesWithoutText();
    return std::move(set_);
  }

 private:
  std::string Cell(std::size_t row, const std::optional<std::size_t>& column) const {
    return column ? table_.rows[row][*column] : std::string();
  }

  std::size_t ArmOf(const std::string& name) {
    const auto [at, is_new] = arms_.try_emplace(name, set_.arms.size());
    if (is_new) {
      set_.arms.emplace_back();
      set_.arms.back().name = name;
    }
    return at->second;
  }

  absl::Status ReadLong(std::size_t row) {
    ++set_.cells;
    const std::string model = Cell(row, columns_.arm);
    if (model.find_first_not_of(' ') == std::string::npos) return LeaveOut(kNoModel);
    return Keep(row, ArmOf(model), /*is_said=*/true);
  }

  absl::Status ReadWide(std::size_t row) {
    for (std::size_t arm = 0; arm < columns_.models.size(); ++arm) {
      bool is_said = false;
      for (const ColumnUse& use : columns_.values) {
        is_said = is_said || (use.arm == arm && !IsMissing(table_.rows[row][use.column]));
      }
      ++set_.cells;
      RETURN_IF_ERROR(is_said ? Keep(row, arm, is_said) : LeaveOut(kNoValue));
    }
    return absl::OkStatus();
  }

  absl::Status LeaveOut(const char* why) {
    ++set_.left_out[why];
    return absl::OkStatus();
  }

  absl::StatusOr<Outcome> OutcomeOf(std::size_t row, std::size_t arm) const {
    Outcome outcome;
    for (const ColumnUse& use : columns_.values) {
      if (use.arm != kAnyArm && use.arm != arm) continue;
      const absl::Status read =
          ReadCell(use.field, table_.rows[row][use.column], scale_, use.factor, outcome);
      if (!read.ok()) {
        return InvalidArgument(table_.Where(row), ", column ", Quoted(table_.columns[use.column]),
                               ": ", ToStd(read.message()));
      }
    }
    if (outcome.error_kind) outcome.error = true;
    return outcome;
  }

  absl::Status Keep(std::size_t row, std::size_t arm, bool is_said) {
    absl::StatusOr<Outcome> outcome = OutcomeOf(row, arm);
    if (!outcome.ok() && !options_.skips_bad_rows) return outcome.status();
    if (!outcome.ok()) return LeaveOut(kBad);
    // A failed call has no answer to rate, but many tables give it a 0.
    const bool rates_an_error = outcome->error.value_or(false) && outcome->quality;
    if (rates_an_error) outcome->quality.reset();
    if (!is_said || outcome->empty()) return LeaveOut(kNoValue);
    ASSIGN_OR_RETURN(const std::size_t query, QueryOf(row, arm));
    if (query == kNone) return LeaveOut(kTwice);
    set_.qualities_of_errors += rates_an_error;
    set_.outcomes.push_back({query, arm, *std::move(outcome)});
    return absl::OkStatus();
  }

  // The row's query; kNone if the arm already has an outcome for it. Without an id, a repeated text counts as
  // another query.
  absl::StatusOr<std::size_t> QueryOf(std::size_t row, std::size_t arm) {
    const std::string id = Cell(row, columns_.id), text = Cell(row, columns_.text);
    if (!id.empty()) {
      const std::size_t query = Known(Cat("id ", id), id, text);
      DatasetQuery& known = set_.queries[query];
      if (known.text.empty()) known.text = text;
      if (!text.empty() && known.text != text) {
        return InvalidArgument(
            table_.Where(row), ": the query ", Quoted(id), " has two different texts; if column ",
            Quoted(table_.columns[*columns_.id]), " does not identify queries, use `--map ",
            OneLine(table_.columns[*columns_.id]), "=ignore` to skip it");
      }
      return seen_.insert({query, arm}).second ? query : kNone;
    }
    const uint64_t time = times_[{text, arm}]++;
    return Known(Cat("text ", time, " ", text), text, text);
  }

  std::size_t Known(const std::string& key, const std::string& id, const std::string& text) {
    const auto [at, is_new] = queries_.try_emplace(key, set_.queries.size());
    if (is_new) set_.queries.push_back({id, text, ""});
    return at->second;
  }

  void LeaveOutQueriesWithoutText() {
    std::vector<std::size_t> place(set_.queries.size(), kNone);
    std::vector<DatasetQuery> with_text;
    for (std::size_t i = 0; i < set_.queries.size(); ++i) {
      if (set_.queries[i].text.find_first_not_of(" \t\r\n") == std::string::npos) continue;
      place[i] = with_text.size();
      with_text.push_back(std::move(set_.queries[i]));
    }
    set_.queries = std::move(with_text);
    const auto gone = std::erase_if(
        set_.outcomes, [&](const SparseOutcome& known) { return place[known.query] == kNone; });
    if (gone > 0) set_.left_out[kNoText] += gone;
    for (SparseOutcome& known : set_.outcomes) known.query = place[known.query];
  }

  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  const Table& table_;
  const TableColumns& columns_;
  const QualityScale& scale_;
  const TableOptions& options_;
  std::unordered_map<std::string, std::size_t> arms_, queries_;
  std::set<std::pair<std::size_t, std::size_t>> seen_;  // query and arm of rows with an id
  std::map<std::pair<std::string, std::size_t>, uint64_t>
      times_;  // by text and arm of the other rows
  OutcomeSet set_;
};

}  // namespace

absl::StatusOr<OutcomeSet> ReadOutcomeTable(const std::string& path, const TableOptions& options) {
  ASSIGN_OR_RETURN(const QualityScale scale, ParseScale(options.scale));
  ASSIGN_OR_RETURN(const Table table, ReadTable(path));
  ASSIGN_OR_RETURN(const TableColumns columns, PlanColumns(table, options, scale));
  ASSIGN_OR_RETURN(OutcomeSet set, SetReader(table, columns, scale, options).Read());
  set.name = std::filesystem::path(path).filename().string();
  set.pool = "all";
  set.shape =
      Cat(FormatName(table.format), columns.is_wide ? ", one row per query and one column per model"
                                                    : ", one row per outcome");
  set.columns = columns.shown;
  set.unknown_columns = columns.unknown;
  return set;
}

}  // namespace pointsman::evaluation

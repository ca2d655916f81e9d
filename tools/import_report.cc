#include "tools/import_report.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/strings.h"
#include "evaluation/data/json.h"
#include "tools/event_text.h"
#include "tools/json_text.h"
#include "tools/output.h"

namespace pointsman::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kFirstRows = 5;
constexpr std::size_t kTextShown = 60;  // bytes

std::string Listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += Cat(text.empty() ? "" : ", ", OneLine(name));
  return text;
}

uint64_t Sum(const std::map<std::string, uint64_t>& counts) {
  uint64_t sum = 0;
  for (const auto& [what, count] : counts) sum += count;
  return sum;
}

std::string FirstRows(const evaluation::SparseImport& import) {
  std::string text;
  std::size_t rows = 0;
  for (const engine::ImportedQuery& query : import.queries) {
    for (const engine::ImportedOutcome& outcome : query.outcomes) {
      if (rows++ == kFirstRows) return text;
      text += Cat("  ", Quoted(query.query, kTextShown), "  ", OneLine(outcome.arm), ": ",
                  OutcomeText(outcome.outcome), "\n");
    }
  }
  return text;
}

// "1 outcome", "2 outcomes", "2 queries".
std::string Counted(uint64_t count, const char* one, const char* many) {
  return Cat(count, " ", count == 1 ? one : many);
}
std::string Outcomes(uint64_t count) { return Counted(count, "outcome", "outcomes"); }
std::string Queries(uint64_t count) { return Counted(count, "query", "queries"); }

std::string ArmTable(const evaluation::SparseImport& import, const ImportReport& report) {
  if (!report.learned) {
    TextTable table({"arm", "outcomes", "weight of each"});
    for (const auto& [arm, count] : import.outcomes) {
      const double weight = report.strength / static_cast<double>(report.announced.at(arm));
      table.Add({OneLine(arm), Cat(count), absl::StrFormat("%.4g", weight)});
    }
    return table.Text();
  }
  TextTable table({"arm", "learned", "known", "weight of each"});
  for (const auto& arm : report.learned->arms()) {
    table.Add({OneLine(arm.arm()), Cat(arm.learned()), Cat(arm.known()),
               absl::StrFormat("%.4g", arm.weight())});
  }
  return table.Text();
}

Json RowsJson(const evaluation::SparseImport& import) {
  Json rows = Json::array();
  for (const engine::ImportedQuery& query : import.queries) {
    for (const engine::ImportedOutcome& outcome : query.outcomes) {
      if (rows.size() == kFirstRows) return rows;
      Json row = {{"query", query.query}, {"arm", outcome.arm}};
      row.update(OutcomeJson(outcome.outcome));
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace

std::string ImportText(const evaluation::OutcomeSet& set, const evaluation::SparseImport& import,
                       const ImportReport& report) {
  std::string text =
      Cat("read ", OneLine(set.name), ": ", set.shape, "; ", Queries(report.queries_read), ", ",
          Counted(set.arms.size(), "model", "models"), ", ", Outcomes(set.cells), "\n");
  if (report.queries_chosen < report.queries_read) {
    text += Cat("chosen by --queries: ", Queries(report.queries_chosen), "\n");
  }
  if (!set.columns.empty()) text += Cat("columns: ", Listed(set.columns), "\n");
  if (!set.unknown_columns.empty()) {
    text += Cat("unknown columns, ignored: ", Listed(set.unknown_columns), "\n");
  }
  if (!report.left_out.empty()) text += Cat("left out: ", Outcomes(Sum(report.left_out)), "\n");
  for (const auto& [why, count] : report.left_out) text += Cat("  ", count, ": ", why, "\n");
  if (set.qualities_of_errors > 0) {
    text += Cat(Counted(set.qualities_of_errors, "quality of a failed call was",
                        "qualities of failed calls were"),
                " left out: a failed call has no answer to rate\n");
  }
  for (const std::string& hint : report.hints) text += Cat("  ", hint, "\n");
  if (!report.arms_without.empty()) {
    text +=
        Cat("arms of the pool without outcomes in the file: ", Listed(report.arms_without), "\n");
  }
  if (import.queries.empty()) return text;
  if (report.is_dry_run) {
    text += Cat("dry run, nothing was learned; ", Outcomes(Sum(import.outcomes)), " of ",
                Queries(import.queries.size()), " would be learned\n\n");
    text += ArmTable(import, report) + "\nthe first outcomes:\n" + FirstRows(import);
    return text;
  }
  if (!report.learned) return text;
  text +=
      absl::StrFormat("%d queries learned, %d known before; %d outcomes learned, %d known before\n",
                      report.learned->queries_learned(), report.learned->queries_known(),
                      report.learned->outcomes_learned(), report.learned->outcomes_known());
  text += ArmTable(import, report);
  return text + Cat("import id ", OneLine(report.import_id), "; `pointsman import --undo '",
                    OneLine(report.import_id), "' --pool ", OneLine(report.pool), "` undoes it\n");
}

std::string ImportJson(const evaluation::OutcomeSet& set, const evaluation::SparseImport& import,
                       const ImportReport& report) {
  Json json;
  json["pool"] = report.pool;
  json["import_id"] = report.import_id;
  json["strength"] = report.strength;
  json["is_dry_run"] = report.is_dry_run;
  json["shape"] = set.shape;
  json["columns"] = set.columns;
  json["unknown_columns"] = set.unknown_columns;
  json["queries_read"] = report.queries_read;
  json["outcomes_read"] = set.cells;
  json["outcomes_left_out"] = Sum(report.left_out);
  json["left_out"] = Json::array();
  for (const auto& [why, count] : report.left_out) {
    json["left_out"].push_back({{"reason", why}, {"outcomes", count}});
  }
  json["qualities_left_out"] = set.qualities_of_errors;
  json["arms_without_outcomes"] = report.arms_without;
  if (report.learned) {
    json.update(ToJson(*report.learned));
  } else {
    json["queries_to_learn"] = import.queries.size();
    json["outcomes_to_learn"] = Sum(import.outcomes);
    json["arms"] = Json::array();
    for (const auto& [arm, count] : import.outcomes) {
      json["arms"].push_back(
          {{"arm", arm},
           {"outcomes", count},
           {"weight", report.strength / static_cast<double>(report.announced.at(arm))}});
    }
    json["first_rows"] = RowsJson(import);
  }
  return Dumped(json);
}

}  // namespace pointsman::tools

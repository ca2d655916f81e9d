// Finds out what each column of a table contains.
// Threads: plain values and pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluation/data/outcome_columns.h"
#include "evaluation/data/outcome_set.h"
#include "evaluation/data/table.h"

namespace pointsman::evaluation {

struct ColumnUse {
  std::size_t column = 0;
  ColumnField field = ColumnField::kIgnored;
  std::size_t arm = 0;  // wide: its model; kAnyArm: every arm of the row
  double factor = 1;
};
inline constexpr std::size_t kAnyArm = static_cast<std::size_t>(-1);

struct TableColumns {
  bool is_wide = false;
  std::optional<std::size_t> id, text, arm;
  std::vector<ColumnUse> values;
  std::vector<std::string> models;   // wide: by ColumnUse::arm
  std::vector<std::string> shown;    // "prompt = text"
  std::vector<std::string> unknown;  // not used
};

// Errors: kInvalidArgument with the file for missing columns, and for names that resemble a field's.
absl::StatusOr<TableColumns> PlanColumns(const Table& table, const TableOptions& options,
                                         const QualityScale& scale);

}  // namespace pointsman::evaluation

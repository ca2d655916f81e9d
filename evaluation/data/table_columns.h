// Which column of a table holds what.
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

namespace pointsman {

struct ColumnUse {
  std::size_t column = 0;
  ColumnField field = ColumnField::kIgnored;
  std::size_t arm = 0;  // wide: whose; kAnyArm: of every arm of the row
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

// Errors: kInvalidArgument naming the file for columns that are missing, or meant otherwise than called.
absl::StatusOr<TableColumns> PlanColumns(const Table& table, const TableOptions& options,
                                         const QualityScale& scale);

}  // namespace pointsman

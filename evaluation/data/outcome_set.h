// Outcomes as they were recorded somewhere: of some arms on some queries, with what was left out and why.
// A data folder gives one (dataset.h), and so does any table: a row an outcome (long), or a row a query with
// a column a model (wide).
// Threads: plain values, and pure functions of files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/arm.h"
#include "domain/types.h"

namespace pointsman {

struct DatasetQuery {
  std::string id;
  std::string text;
  std::string domain;  // a label for analysis, never a feature
  friend bool operator==(const DatasetQuery&, const DatasetQuery&) = default;
};

struct SparseOutcome {
  std::size_t query = 0;
  std::size_t arm = 0;
  Outcome outcome;
  friend bool operator==(const SparseOutcome&, const SparseOutcome&) = default;
};

struct OutcomeSet {
  std::string name;       // the file's or the folder's last name
  std::string pool;       // the subset of models; "all" if none was named
  std::string shape;      // "CSV, a row an outcome"
  std::vector<Arm> arms;  // the models that the file names, by its names
  std::vector<DatasetQuery> queries;
  std::vector<SparseOutcome>
      outcomes;        // in the file's order; a query and arm at most once, none empty
  uint64_t cells = 0;  // outcomes that the file has a row or a cell for
  std::vector<std::string> columns;          // how each is read: "prompt = text"
  std::vector<std::string> unknown_columns;  // not read
  std::map<std::string, uint64_t> left_out;  // of `cells`, by reason
  uint64_t qualities_of_errors = 0;  // left out alone, the rest of their outcomes kept
};

struct TableOptions {
  // Each "COLUMN=FIELD", "COLUMN=FIELD*FACTOR" or, wide, "COLUMN=MODEL" or "COLUMN=MODEL.FIELD"; the part of
  // a column's name behind the model's may be named as a COLUMN too.
  std::vector<std::string> maps;
  std::string scale;                 // see ParseScale
  std::set<std::string> known_arms;  // tell a wide table's columns of models from others
  bool skips_bad_rows = false;       // an outcome that does not read is left out, not an error
};

// Errors: those of ReadTable; kInvalidArgument, with file and line, for cells that do not read, a column
//   near a field's name, and columns that are missing.
absl::StatusOr<OutcomeSet> ReadOutcomeTable(const std::string& path, const TableOptions& options);

}  // namespace pointsman

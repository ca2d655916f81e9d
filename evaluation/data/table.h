// Reads a file of rows in a common format: CSV, TSV, JSON lines or a JSON list of objects; plain or gzip,
// with or without a byte order mark.
// Errors: kNotFound for no file; kInvalidArgument with file and line for invalid content.
// Threads: plain values, and pure functions of files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pointsman::evaluation {

enum class TableFormat { kCsv, kTsv, kJsonLines, kJson };
const char* FormatName(TableFormat format);

struct Table {
  std::string path;
  TableFormat format = TableFormat::kCsv;
  std::vector<std::string> columns;
  // Each row is as wide as `columns`. An empty cell has no value; in JSON that is null or a missing key.
  std::vector<std::vector<std::string>> rows;
  std::vector<int64_t> lines;  // where each row begins

  std::string Where(std::size_t row) const;  // "path:12"
};

// The file's name determines the format; if it does not, the beginning of the file does. Nested objects
// become columns "outer.inner". Each object in an object's list `outcomes` becomes a row.
absl::StatusOr<Table> ReadTable(const std::string& path);

}  // namespace pointsman::evaluation

#include "evaluation/data/table.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/data/json.h"
#include "evaluation/data/lines.h"

namespace pointsman::evaluation {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kList[] = "outcomes";

// Reads one row of CSV or TSV, which may span several lines.
class RowReader {
 public:
  RowReader(Lines& lines, char separator) : lines_(lines), separator_(separator) {}

  // Starts at the present line of `lines`.
  absl::StatusOr<std::vector<std::string>> Read() {
    std::vector<std::string> cells;
    const std::string where = lines_.Where();
    std::string rest = lines_.line();
    std::size_t at = 0;
    while (true) {
      std::string cell;
      if (at < rest.size() && rest[at] == '"' && IsQuoted(rest, at)) {
        ++at;
        while (!TakeQuoted(rest, at, cell)) {
          ASSIGN_OR_RETURN(const bool is_line, lines_.Next());
          if (!is_line) {
            return InvalidArgument(where, ": the quote (\") that opens here is never closed");
          }
          cell += '\n';
          rest = lines_.line();
          at = 0;
        }
      }
      const std::size_t end = std::min(rest.find(separator_, at), rest.size());
      cell += rest.substr(at, end - at);
      cells.push_back(std::move(cell));
      if (end == rest.size()) return cells;
      at = end + 1;
    }
  }

 private:
  // In TSV many texts merely start with a quote, so a quote counts only if it is closed before a tab.
  bool IsQuoted(const std::string& line, std::size_t at) const {
    if (separator_ != '\t') return true;
    for (std::size_t i = at + 1; i < line.size(); ++i) {
      if (line[i] != '"') continue;
      if (i + 1 == line.size() || line[i + 1] == separator_) return true;
      if (line[i + 1] != '"') return false;
      ++i;
    }
    return false;
  }

  // True: the closing quote was found, and `at` is after it.
  static bool TakeQuoted(const std::string& line, std::size_t& at, std::string& cell) {
    for (; at < line.size(); ++at) {
      if (line[at] != '"') {
        cell += line[at];
      } else if (at + 1 < line.size() && line[at + 1] == '"') {
        cell += line[at++];
      } else {
        ++at;
        return true;
      }
    }
    return false;
  }

  Lines& lines_;
  const char separator_;
};

std::string CellOf(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  return value.dump();
}

// Objects as rows; columns in the order in which they first appear.
class ObjectRows {
 public:
  explicit ObjectRows(Table& table) : table_(table) {}

  void Add(const Json& object, int64_t line) {
    const auto list = object.find(kList);
    if (list == object.end() || !list->is_array()) {
      AddRow(object, nullptr, line);
      return;
    }
    for (const Json& item : *list) AddRow(object, &item, line);
  }

  void Close() {
    for (auto& row : table_.rows) row.resize(table_.columns.size());
  }

 private:
  void AddRow(const Json& object, const Json* item, int64_t line) {
    table_.rows.emplace_back();
    table_.lines.push_back(line);
    for (const auto& [key, value] : object.items()) {
      if (item == nullptr || key != kList) Set(key, value);
    }
    if (item == nullptr || !item->is_object()) return;
    for (const auto& [key, value] : item->items()) Set(key, value);
  }

  void Set(const std::string& name, const Json& value) {
    if (value.is_object()) {
      for (const auto& [key, inner] : value.items()) {
        Set(name == kList ? key : Cat(name, ".", key), inner);
      }
      return;
    }
    const auto [at, is_new] = place_.try_emplace(name, table_.columns.size());
    if (is_new) table_.columns.push_back(name);
    auto& row = table_.rows.back();
    if (row.size() <= at->second) row.resize(at->second + 1);
    row[at->second] = CellOf(value);
  }

  Table& table_;
  std::unordered_map<std::string, std::size_t> place_;
};

absl::Status ReadSeparated(Lines& lines, char separator, Table& table) {
  RowReader reader(lines, separator);
  ASSIGN_OR_RETURN(table.columns, reader.Read());
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const auto first = table.columns.begin();
    if (std::find(first, first + static_cast<std::ptrdiff_t>(i), table.columns[i]) !=
            first + static_cast<std::ptrdiff_t>(i) &&
        !table.columns[i].empty()) {
      return InvalidArgument(lines.Where(), ": two columns are named ", Quoted(table.columns[i]));
    }
  }
  while (true) {
    ASSIGN_OR_RETURN(const bool is_line, lines.Next());
    if (!is_line) return absl::OkStatus();
    if (lines.line().empty()) continue;
    const std::string where = lines.Where();
    table.lines.push_back(lines.number());
    ASSIGN_OR_RETURN(std::vector<std::string> cells, reader.Read());
    if (cells.size() != table.columns.size()) {
      return InvalidArgument(where, ": ", cells.size(), " fields, but the header has ",
                             table.columns.size(),
                             "; texts with separators or line breaks must be in quotes, or the "
                             "file may be truncated here");
    }
    table.rows.push_back(std::move(cells));
  }
}

absl::Status ReadJsonLines(Lines& lines, Table& table) {
  ObjectRows rows(table);
  bool is_line = true;
  while (is_line) {
    if (!lines.line().empty()) {
      const Json object =
          Json::parse(WithoutNan(lines.line()), nullptr, /*allow_exceptions=*/false);
      if (!object.is_object()) {
        return InvalidArgument(lines.Where(),
                               ": expected one JSON object; the line does not parse");
      }
      rows.Add(object, lines.number());
    }
    ASSIGN_OR_RETURN(is_line, lines.Next());
  }
  rows.Close();
  return absl::OkStatus();
}

absl::Status ReadJsonList(const std::string& path, Table& table) {
  ASSIGN_OR_RETURN(std::string text, ReadWholeFile(path));
  text = WithoutNan(std::move(text));
  RETURN_IF_ERROR(ParseJson(text, path).status());
  const Json list = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  ObjectRows rows(table);
  for (const Json& object : list) {
    if (!object.is_object()) {
      return InvalidArgument(path, ":1: expected a list of objects, one per row");
    }
    rows.Add(object, static_cast<int64_t>(table.rows.size()) + 1);
  }
  rows.Close();
  return absl::OkStatus();
}

std::optional<TableFormat> FormatByName(std::string_view path) {
  if (path.ends_with(".gz")) path.remove_suffix(3);
  if (path.ends_with(".csv")) return TableFormat::kCsv;
  if (path.ends_with(".tsv") || path.ends_with(".tab")) return TableFormat::kTsv;
  if (path.ends_with(".jsonl") || path.ends_with(".ndjson")) return TableFormat::kJsonLines;
  return std::nullopt;
}

TableFormat FormatByContent(const std::string& line) {
  const std::size_t first = line.find_first_not_of(" \t");
  if (first != std::string::npos && line[first] == '[') return TableFormat::kJson;
  if (first != std::string::npos && line[first] == '{') return TableFormat::kJsonLines;
  return line.find('\t') != std::string::npos ? TableFormat::kTsv : TableFormat::kCsv;
}

// Some spreadsheets write "CSV" with semicolons or tabs.
char SeparatorOf(TableFormat format, const std::string& header) {
  if (format == TableFormat::kTsv) return '\t';
  const auto count = [&](char c) { return std::count(header.begin(), header.end(), c); };
  if (count(',') > 0) return ',';
  return count(';') > 0 ? ';' : count('\t') > 0 ? '\t' : ',';
}

absl::Status CheckUtf8(const Table& table) {
  for (const std::string& column : table.columns) {
    if (!IsUtf8(column)) {
      return InvalidArgument(table.path, ":1: the column ", Quoted(column),
                             " is not UTF-8; save the file as UTF-8");
    }
  }
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    for (const std::string& cell : table.rows[i]) {
      if (IsUtf8(cell)) continue;
      return InvalidArgument(table.Where(i), ": ", Quoted(cell),
                             " is not UTF-8; save the file as UTF-8");
    }
  }
  return absl::OkStatus();
}

}  // namespace

const char* FormatName(TableFormat format) {
  switch (format) {
    case TableFormat::kCsv:
      return "CSV";
    case TableFormat::kTsv:
      return "TSV";
    case TableFormat::kJsonLines:
      return "JSON lines";
    case TableFormat::kJson:
      return "JSON";
  }
  return "unknown";
}

std::string Table::Where(std::size_t row) const {
  return format == TableFormat::kJson ? Cat(path, ": row ", lines[row])
                                      : Cat(path, ":", lines[row]);
}

absl::StatusOr<Table> ReadTable(const std::string& path) {
  ASSIGN_OR_RETURN(const auto lines, Lines::Open(path));
  bool is_line = true;
  do {
    ASSIGN_OR_RETURN(is_line, lines->Next());
  } while (is_line && lines->line().find_first_not_of(" \t") == std::string::npos);
  if (!is_line) return InvalidArgument(path, ":1: the file is empty; expected a header or objects");
  const std::string& first = lines->line();
  if (first.starts_with("\xff\xfe") || first.starts_with("\xfe\xff")) {
    return InvalidArgument(path, ":1: the file is UTF-16; save it as UTF-8");
  }
  Table table;
  table.path = path;
  table.format = FormatByName(path).value_or(FormatByContent(first));
  if (table.format == TableFormat::kJson) {
    RETURN_IF_ERROR(ReadJsonList(path, table));
  } else if (table.format == TableFormat::kJsonLines) {
    RETURN_IF_ERROR(ReadJsonLines(*lines, table));
  } else {
    RETURN_IF_ERROR(ReadSeparated(*lines, SeparatorOf(table.format, first), table));
  }
  RETURN_IF_ERROR(CheckUtf8(table));
  return table;
}

}  // namespace pointsman::evaluation

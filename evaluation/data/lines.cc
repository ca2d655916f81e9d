#include "evaluation/data/lines.h"

#include <zlib.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::evaluation {
namespace {

// Some editors start UTF-8 files with it; it has no meaning.
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

absl::StatusOr<std::unique_ptr<Lines>> Lines::Open(const std::string& path) {
  std::error_code ignored;
  std::string found = path;
  if (!std::filesystem::is_regular_file(found, ignored)) found += ".gz";
  if (!std::filesystem::is_regular_file(found, ignored)) {
    return NotFound("there is no file ", path, " (nor ", path,
                    ".gz); a data folder contains queries.jsonl, models.json and outcomes.tsv");
  }
  gzFile file = gzopen(found.c_str(), "rb");
  if (file == nullptr) {
    return NotFound("cannot open ", found, ": ", std::strerror(errno), "; check its permissions");
  }
  gzbuffer(file, 1 << 17);
  return std::unique_ptr<Lines>(new Lines(std::move(found), file));
}

Lines::~Lines() { gzclose(static_cast<gzFile>(file_)); }

std::string Lines::Where() const { return Cat(path_, ":", number_); }

absl::StatusOr<bool> Lines::Next() {
  ASSIGN_OR_RETURN(const bool is_line, ReadLine());
  if (number_ == 1 && line_.starts_with(kByteOrderMark)) line_.erase(0, kByteOrderMark.size());
  return is_line;
}

absl::StatusOr<bool> Lines::ReadLine() {
  auto* file = static_cast<gzFile>(file_);
  line_.clear();
  ++number_;
  std::array<char, 1 << 14> part{};
  while (gzgets(file, part.data(), static_cast<int>(part.size())) != nullptr) {
    line_.append(part.data());
    if (!line_.empty() && line_.back() == '\n') {
      line_.pop_back();
      if (!line_.empty() && line_.back() == '\r') line_.pop_back();
      return true;
    }
    if (line_.size() > kLineBytesMax) {
      return InvalidArgument(Where(), ": the line is longer than ", kLineBytesMax,
                             " bytes; is this the right file?");
    }
  }
  int code = Z_OK;
  const char* message = gzerror(file, &code);
  if (code != Z_OK && code != Z_STREAM_END) {
    return InvalidArgument(Where(), ": the file is damaged or truncated (", message,
                           "); download or create it again");
  }
  return !line_.empty();
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  ASSIGN_OR_RETURN(const auto lines, Lines::Open(path));
  std::string all;
  while (true) {
    ASSIGN_OR_RETURN(const bool is_line, lines->Next());
    if (!is_line) return all;
    all += lines->line();
    all += '\n';
  }
}

}  // namespace pointsman::evaluation

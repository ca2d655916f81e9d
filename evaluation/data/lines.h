// Lines: reads a text file line by line, plain or gzip, and keeps the position for error messages.
// Errors: kNotFound if there is no such file; kInvalidArgument, with file and line, for a damaged or
//   truncated gzip stream, or a line longer than kLineBytesMax.
// Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace pointsman::evaluation {

class Lines {
 public:
  static constexpr std::size_t kLineBytesMax = std::size_t{16} << 20;

  // `path` as given if that file exists, else `path` + ".gz".
  static absl::StatusOr<std::unique_ptr<Lines>> Open(const std::string& path);
  ~Lines();
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  // True: `line()` is the next line, without its end ("\n" or "\r\n") and without a
  // byte order mark. False: the end of the file.
  absl::StatusOr<bool> Next();
  const std::string& line() const { return line_; }
  // The number of the line in `line()`, from 1.
  int64_t number() const { return number_; }
  // "path:12", for messages.
  std::string Where() const;

 private:
  Lines(std::string path, void* file) : path_(std::move(path)), file_(file) {}
  absl::StatusOr<bool> ReadLine();

  std::string path_;
  void* file_;  // gzFile, so that zlib stays out of this header
  std::string line_;
  int64_t number_ = 0;
};

// The whole file as one string, plain or gzip.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

}  // namespace pointsman::evaluation

// The tokens file while a server runs: looked at, and read again when it changed.
// Operation: a change is a file of another time, size or inode, so a mounted secret that is replaced by a
//   link to a new folder is one. A file that does not read any more changes nothing: the tokens that were
//   in force stay, until it reads again.
// Threads: one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/access/token.h"

namespace pointsman {

class WatchedTokens {
 public:
  explicit WatchedTokens(std::string path) : path_(std::move(path)) {}

  // What is in it, if it is not as it was at the last call; so, each change and each fault is told once.
  std::optional<absl::StatusOr<std::vector<TokenEntry>>> Changed();
  const std::string& path() const { return path_; }

 private:
  struct Stamp {
    int64_t seconds = -1;
    int64_t nanoseconds = 0;
    off_t bytes = 0;
    ino_t inode = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  Stamp Look() const;

  const std::string path_;
  std::optional<Stamp> last_;
};

}  // namespace pointsman

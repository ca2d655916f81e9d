// Watches files that a server reads again when they change: tokens, certificates.
// Operation: a file has changed if its time, size or inode differs. This includes a mounted secret that is
//   replaced by a link to a new folder. A file that disappears has changed, too.
// Threads: one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace pointsman::service {

class WatchedFiles {
 public:
  // Empty entries of `paths` are ignored.
  explicit WatchedFiles(const std::vector<std::string>& paths);

  // Whether any file has changed since the last call. The first call returns true if there are any files. So
  // each change, and each fault it causes, is reported once.
  bool Changed();

 private:
  struct Stamp {
    int64_t seconds = -1;
    int64_t nanoseconds = 0;
    off_t bytes = 0;
    ino_t inode = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  std::vector<std::string> paths_;
  std::vector<Stamp> last_;  // by path, after the first look
};

}  // namespace pointsman::service

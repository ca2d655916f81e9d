// Files that a server reads again when they change: tokens, certificates.
// Operation: a change is another time, size or inode of one of them, so a mounted secret that is replaced
//   by a link to a new folder is one. A file that is gone is another one, too.
// Threads: one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace pointsman {

class WatchedFiles {
 public:
  // Of `paths` those that are empty name no file.
  explicit WatchedFiles(const std::vector<std::string>& paths);

  // Whether they are not as they were at the last call: true at the first, if there are any. So each
  // change, and each fault that it brings, is told once.
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
  std::vector<Stamp> last_;  // by path, once they were looked at
};

}  // namespace pointsman

#include "service/access/watched_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace pointsman::service {

WatchedFiles::WatchedFiles(const std::vector<std::string>& paths) {
  std::copy_if(paths.begin(), paths.end(), std::back_inserter(paths_),
               [](const std::string& path) { return !path.empty(); });
}

bool WatchedFiles::Changed() {
  std::vector<Stamp> now;
  for (const std::string& path : paths_) {
    struct stat seen {};
    const bool is_there = stat(path.c_str(), &seen) == 0;
    now.push_back(is_there
                      ? Stamp{seen.st_mtim.tv_sec, seen.st_mtim.tv_nsec, seen.st_size, seen.st_ino}
                      : Stamp{});
  }
  return std::exchange(last_, now) != now;
}

}  // namespace pointsman::service

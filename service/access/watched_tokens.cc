#include "service/access/watched_tokens.h"

#include <sys/stat.h>

#include "service/access/tokens_file.h"

namespace pointsman {

WatchedTokens::Stamp WatchedTokens::Look() const {
  struct stat now {};
  if (stat(path_.c_str(), &now) != 0) return {};
  return {now.st_mtim.tv_sec, now.st_mtim.tv_nsec, now.st_size, now.st_ino};
}

std::optional<absl::StatusOr<std::vector<TokenEntry>>> WatchedTokens::Changed() {
  // Before it is read: a change in between is then seen at the next look.
  const Stamp now = Look();
  if (last_ == now) return std::nullopt;
  last_ = now;
  return LoadTokens(path_);
}

}  // namespace pointsman

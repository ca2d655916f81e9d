// Checks whether a data folder's disks can be written, by writing to them: a full disk, a quota, a read-only
// mount and a broken disk look the same from outside. Also checks that there is room for what opening the
// databases may write: their write-ahead logs once more, as tables. (Otherwise the engine, which still routes,
// would be closed for a storage that then cannot be opened.)
// Cost: writes and syncs kProbeBytes on each file system that the folder spans. Leaves nothing behind.
// Errors: kUnavailable with the folder and the system's error.
// Threads: any.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace pointsman::service {

constexpr int64_t kProbeBytes = 4 << 20;

absl::Status ProbeDisk(const std::string& data_dir);

}  // namespace pointsman::service
